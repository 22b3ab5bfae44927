// The training panel: lessons, cards, line, printer, power, scanner. Law: a lesson says what to try and what to see.
import {$, button, choices, element, get, onSubmit, post, redraw} from "./page.js";
import {BODIES, LINES, PRINTERS, both, tell, word} from "./words.js";
import {showBody, showCard} from "./device.js";
let lessons = [], marked = "";

export async function showCards() {
  const cards = await get("/api/cards");
  const inside = cards.find((card) => card.inserted);
  showCard(inside, inside && both(inside.name));
  redraw("cards", [cards, marked], () => cards.filter((card) => !card.bad).map(cardItem));
  redraw("bad-cards", cards, () => cards.filter((card) => card.bad).map(cardItem));
}

function cardItem(card) {
  const item = element("li", undefined, [card.inserted ? "in" : "", card.id === marked ? "marked" : ""].join(" ").trim());
  const acts = element("div"), name = both(card.name);
  const act = (text, way, body) => {
    const made = button(text, () => post("/api/card", body), `${way} ${card.id}`);
    made.setAttribute("aria-label", `${text} ${name}`);
    acts.append(made);
    return made;
  };
  item.append(element("span", name), element("small", both(card.note)), acts);
  if (card.inserted) act(word("拔出", "Pull"), "insert", {remove: true}).classList.add("on");
  else if (card.kinds.includes("insert")) act(word("插卡", "Insert"), "insert", {insert: card.id});
  if (card.kinds.includes("tap")) act(word("拍卡", "Tap"), "tap", {tap: card.id});
  if (card.kinds.includes("swipe")) act(word("刷卡", "Swipe"), "swipe", {swipe: card.id});
  return item;
}

export async function showLessons() {
  if (!lessons.length) lessons = await get("/api/lessons");
  redraw("lessons", lessons, () => lessons.map((lesson) => {
    const item = element("li"), try_it = element("p"), see = element("p");
    item.append(button(both(lesson.name), () => begin(lesson), lesson.id), try_it, see);
    try_it.append(element("b", word("试：", "Try: ")), both(lesson.try));
    see.append(element("b", word("应看到：", "You should see: ")), both(lesson.see));
    return item;
  }));
}

async function begin(lesson) {
  if (!await post("/api/lesson", {id: lesson.id})) return;
  marked = lesson.card;
  tell("prepare-told", "已布置：" + lesson.name.zh, "Set up: " + lesson.name.en);
  showCards();
}

export function showWorld(facts) {
  $("facts").textContent = word("读卡：", "cards: ") + facts.cards;
  redraw("device-class", [facts.devices, facts.device], () => facts.devices.map((one) => {
    const made = element("option", `${word(...BODIES[one.body])} ${one.width}×${one.height}`);
    made.value = one.name;
    made.selected = one.name === facts.device;
    return made;
  }));
  showBody(facts);
  choices("line", LINES.map(([state, zh, en]) => [state, word(zh, en)]), facts.line, "/api/line");
  choices("printer", facts.printers.map((state) => [state, word(...(PRINTERS[state] || [state, state]))]), facts.printer, "/api/printer");
  const was = $("prepare").disabled;
  $("prepare").disabled = facts.preparing;
  if (facts.preparing && !was) tell("prepare-told", "正在做……", "at work…");
  if (was && !facts.preparing && facts.trouble) tell("prepare-told", "没有做成：请先回到主菜单（中文）。", "Not made: " + facts.trouble);
  else if (was && !facts.preparing) tell("prepare-told", "备好了。", "Ready.");
}

$("prepare").addEventListener("click", () => post("/api/lesson", {prepare: true}));
$("device-class").addEventListener("change", () => post("/api/device", {name: $("device-class").value}));
$("power").addEventListener("click", () => post("/api/power", {cut: true}));
onSubmit("scan", async () => { if ($("scan-text").value && await post("/api/scan", {text: $("scan-text").value})) $("scan-text").value = ""; });
