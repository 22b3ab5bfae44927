// An accessibility audit of the page as it stands: a list of sentences, empty when nothing is wrong.
() => {
  const wrong = [];
  const shown = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility !== "hidden";
  const what = (one) => `${one.tagName.toLowerCase()}${one.id ? "#" + one.id : ""} "${(one.textContent || "").trim().slice(0, 24)}"`;
  const textOf = (id) => (document.getElementById(id)?.textContent || "").trim();

  // every control has a name
  const nameOf = (one) => {
    const by = one.getAttribute("aria-labelledby");
    if (by) return by.split(/\s+/).map(textOf).join(" ").trim();
    if (one.getAttribute("aria-label")) return one.getAttribute("aria-label").trim();
    if (one.labels?.length) return [...one.labels].map((label) => [...label.childNodes].filter((node) => !node.contains(one)).map((node) => node.textContent).join("")).join(" ").trim();
    if (one.matches("[role=group], [role=region], section, input, select, textarea")) return ""; // not named by what is in it
    return (one.textContent || one.alt || "").trim();
  };
  for (const one of document.querySelectorAll("button, a[href], input, select, textarea, summary, [tabindex='0'], [role=group], [role=region]")) {
    if (shown(one) && !nameOf(one)) wrong.push(`no name: ${what(one)}`);
  }
  for (const image of document.images) if (shown(image) && !image.closest("[aria-hidden=true]") && !image.alt) wrong.push(`no alternative: ${what(image)}`);

  // ids once, and every reference is to one
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => wrong.push(`id twice: ${id}`));
  for (const one of document.querySelectorAll("[aria-labelledby]")) for (const id of one.getAttribute("aria-labelledby").split(/\s+/)) if (!ids.includes(id)) wrong.push(`no such id: ${id}`);

  // one h1, no level left out; one main; sections named
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const now = Number(heading.tagName[1]);
    if (now > level + 1) wrong.push(`a level is left out before ${what(heading)}`);
    level = now;
  }
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
  for (const section of document.querySelectorAll("section")) if (!nameOf(section)) wrong.push(`no name: ${what(section)}`);

  // no order of its own; nothing that can be focused is hidden from readers
  for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) wrong.push(`an order of its own: ${what(one)}`);
  for (const one of document.querySelectorAll("[aria-hidden=true] button, [aria-hidden=true] a[href], [aria-hidden=true] [tabindex]")) wrong.push(`hidden and focusable: ${what(one)}`);

  // contrast of text, WCAG 2.1: 4.5, or 3 where it is large
  const parse = (colour) => { const parts = colour.match(/[\d.]+/g).map(Number); return parts.length > 3 ? parts : [...parts.slice(0, 3), 1]; };
  const light = (rgb) => { const [r, g, b] = rgb.map((part) => { const c = part / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
  const groundsOf = (one) => { // every colour that may be behind it: the worst stop of a gradient counts
    for (let at = one; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage.includes("gradient")) return style.backgroundImage.match(/rgba?\([^)]*\)/g).map(parse);
      const colour = parse(style.backgroundColor);
      if (colour[3] > 0.99) return [colour];
    }
    return [parse(getComputedStyle(document.documentElement).backgroundColor)[3] ? parse(getComputedStyle(document.documentElement).backgroundColor) : [255, 255, 255, 1]];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !shown(one) || one.closest(".hidden, [aria-hidden=true], script, option, :disabled")) continue;
    texts += 1;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    for (const ground of groundsOf(one)) {
      const [lighter, darker] = [light(over(parse(style.color), ground)), light(ground)].sort((a, b) => b - a);
      const contrast = (lighter + 0.05) / (darker + 0.05);
      if (contrast < (isLarge ? 3 : 4.5)) { wrong.push(`contrast ${contrast.toFixed(2)}: ${what(one)}`); break; }
    }
  }
  if (texts < 100) wrong.push(`only ${texts} texts were looked at`);
  return wrong;
}
