// What every part of the page needs: ask, tell, build. Law: nothing is drawn anew that has not changed; focus stays.
export const $ = (id) => document.getElementById(id);
let told = () => {};
export const afterEach = (act) => { told = act; };

export async function get(path) { return (await fetch(path)).json(); }

export async function post(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  const said = await answer.json();
  $("trouble").textContent = answer.ok ? "" : said.error;
  told();
  return answer.ok;
}

export function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// A mouse leaves the button free for the device's keys again; a keyboard's focus stays where it is.
export function button(text, act, name) {
  const made = element("button", text);
  made.type = "button";
  if (name) made.dataset.name = name;
  made.addEventListener("click", (event) => { act(made); if (event.detail) made.blur(); });
  return made;
}

const drawn = new Map();
export function redraw(place, value, build) {
  const now = JSON.stringify([document.documentElement.lang, value]);
  if (drawn.get(place) === now) return;
  drawn.set(place, now);
  const holder = typeof place === "string" ? $(place) : place;
  const focused = holder.contains(document.activeElement) ? document.activeElement.dataset.name : undefined;
  holder.replaceChildren(...build());
  if (focused) holder.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
}

export function options(place, rows) {
  const chosen = $(place).selectedIndex;
  $(place).replaceChildren(...rows.map(([value, text]) => { const made = element("option", text); made.value = value; return made; }));
  $(place).selectedIndex = Math.max(0, chosen);
}

export function choices(place, states, now, path) {
  redraw(place, [states, now], () => states.map(([state, text]) => {
    const made = button(text, () => post(path, {state}), state);
    made.setAttribute("aria-pressed", String(state === now));
    return made;
  }));
}

export function fill(place, rows) {
  redraw(place, rows, () => rows.map((cells) => {
    const row = element("tr");
    cells.forEach((cell) => row.append(element("td", cell, /^-?\d+\.\d\d$/.test(cell) ? "n" : "")));
    return row;
  }));
}

export function onSubmit(place, act) {
  $(place).addEventListener("submit", (event) => { event.preventDefault(); act(); });
}
