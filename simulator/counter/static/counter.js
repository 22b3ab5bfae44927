// The counter's page. Law: it holds no state of the business; everything it shows is asked for, every act is a POST.
"use strict";
const KEYS = [["func", "功能", "Func"], ["up", "▲", "▲"], ["down", "▼", "▼"], ["refund", "退款", "Refund"],
  ["1", "1", "1"], ["2", "2", "2"], ["3", "3", "3"], ["cancel", "取消", "Cancel"],
  ["4", "4", "4"], ["5", "5", "5"], ["6", "6", "6"], ["clear", "清除", "Clear"],
  ["7", "7", "7"], ["8", "8", "8"], ["9", "9", "9"], ["enter", "确认", "Confirm"],
  ["00", "00", "00"], ["0", "0", "0"]];
const KEYBOARD = {Enter: "enter", Backspace: "clear", Escape: "cancel", ArrowUp: "up", ArrowDown: "down", F1: "func", F2: "refund"};
const LINES = [["up", "正常", "Up"], ["slow", "慢", "Slow"], ["down", "断开", "Down"], ["answer_lost", "应答丢失", "Answer lost"], ["request_lost", "请求丢失", "Request lost"]];
const PRINTERS = [["ok", "有纸", "Paper in"], ["out", "缺纸", "Out of paper"], ["off", "关机", "Off"]];
const KINDS = {sale: ["消费", "Sale"], void: ["消费撤销", "Void"], refund: ["退货", "Refund"]};
const MTIS = [["any", "任何", "any"], ["0200", "0200 消费/撤销", "0200 sale, void"], ["0220", "0220 退货", "0220 refund"], ["0400", "0400 冲正", "0400 reversal"], ["0500", "0500 结算", "0500 settlement"], ["0800", "0800 签到", "0800 sign-in"], ["0820", "0820 管理", "0820 management"]];
// phrase of the fault language (docs/counter.md), what it needs, and its name
const FAULTS = [["answer lost", "", "应答丢失", "loses its answer"], ["request lost", "", "请求丢失", "is lost"],
  ["answer after", "s", "应答延迟", "is answered late by"], ["answer late", "", "应答过晚", "is answered too late"],
  ["answer twice", "", "应答重复", "is answered twice"], ["answer swapped", "", "应答乱序", "is answered after the next"],
  ["request twice", "", "请求重复", "arrives twice"], ["request cut", "bytes", "请求中断", "is cut on its way"], ["answer cut", "bytes", "应答中断", "has its answer cut"],
  ["wrong mac", "", "MAC 错", "has a wrong MAC"], ["wrong stan", "", "流水号错 F11", "has a wrong F11"], ["wrong amount", "", "金额错 F4", "has a wrong F4"], ["wrong terminal", "", "终端号错 F41", "has a wrong F41"],
  ["answer garbage", "", "应答乱码", "is answered with garbage"], ["answer truncated", "", "应答不完整", "has a truncated answer"],
  ["refused", "F39", "被拒绝（不记账）", "is refused, not booked"], ["says", "F39", "应答码为（照常记账）", "is booked, but says"],
  ["keys expire", "", "遇到密钥过期", "finds its keys expired"], ["bank day", "days", "遇到日切", "meets another day"], ["bank demands", "code", "带处理要求", "is answered with a demand"], ["bank down", "s", "遇到停机", "finds the bank down"]];
const NEEDS = {s: ["秒", "seconds"], bytes: ["字节", "bytes"], F39: ["应答码", "code"], days: ["天", "days"], code: ["代码", "code"]};
const DEMANDS = [["3", "3 重新签到", "3 sign in again"], ["1", "1 下传磁条卡参数", "1 stripe parameters"], ["2", "2 上传磁条卡状态", "2 send the status"], ["4", "4 更新公钥", "4 public keys"], ["5", "5 下载 IC 卡参数", "5 chip parameters"], ["6", "6 TMS 参数", "6 TMS parameters"], ["7", "7 卡 BIN 黑名单", "7 blacklist"], ["8", "8 币种汇率", "8 exchange rates"], ["9", "9 非接业务参数", "9 contactless parameters"], ["b", "b 免密新增 BIN", "b new BINs without PIN"], ["c", "c 免密 BIN 黑名单", "c blacklist without PIN"]];
const DOWN_SECONDS = 20;
const OPENING = 1000000; // minor units on each test account: only those that moved are listed
const $ = (id) => document.getElementById(id);
let english = false, papers = -1, signed = "";
const word = (zh, en) => (english ? en : zh);
const yuan = (minor) => (minor / 100).toFixed(2);

async function post(path, body) {
  const answer = await fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});
  const told = await answer.json();
  $("trouble").textContent = answer.ok ? "" : told.error;
  refresh();
  return answer.ok;
}
async function get(path) { return (await fetch(path)).json(); }

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}
function button(text, act, kind) {
  const made = element("button", text, kind);
  made.type = "button";
  made.addEventListener("click", () => { act(); made.blur(); });
  return made;
}
function switches(place, states, now, path) {
  $(place).replaceChildren(...states.map(([state, zh, en]) => {
    const made = button(word(zh, en), () => post(path, {state}), state === now ? "on" : "");
    made.setAttribute("aria-pressed", String(state === now));
    return made;
  }));
}
function options(place, rows) {
  const chosen = $(place).selectedIndex;
  $(place).replaceChildren(...rows.map(([value, zh, en]) => { const made = element("option", word(zh, en)); made.value = value; return made; }));
  $(place).selectedIndex = Math.max(0, chosen);
}
function fill(place, rows) {
  $(place).replaceChildren(...rows.map((cells) => {
    const row = element("tr");
    cells.forEach((cell) => row.append(element("td", cell, /^-?\d+\.\d\d$/.test(cell) ? "n" : "")));
    return row;
  }));
}

let heard = Infinity, audio;  // what came before the page was opened is not played
function play(tones) {
  audio = audio || new AudioContext();
  let at = audio.currentTime;
  for (const milliseconds of tones) {
    const tone = audio.createOscillator();
    tone.frequency.value = 2000;
    tone.connect(audio.destination);
    tone.start(at);
    tone.stop(at + milliseconds / 1000);
    at += (milliseconds + 120) / 1000;
  }
}

async function showScreen() {
  $("screen").src = "/api/screen.png?" + Date.now();
  const told = await get("/api/screen");
  const text = [told.title, ...told.lines, told.hint].join("\n");
  $("screen").alt = text;
  $("spoken").textContent = text;
  if (told.sound.serial > heard) play(told.sound.tones);
  heard = told.sound.serial;
}
async function showCards() {
  const cards = await get("/api/cards");
  const inside = cards.find((card) => card.inserted);
  $("slot").textContent = inside ? word(inside.name.zh, inside.name.en) : word("卡槽空", "slot empty");
  $("cards").replaceChildren(...cards.filter((card) => !card.bad).map(cardItem));
  $("bad-cards").replaceChildren(...cards.filter((card) => card.bad).map(cardItem));
}
function cardItem(card) {
  const item = element("li", undefined, card.inserted ? "in" : "");
  const acts = element("div");
  item.append(element("span", word(card.name.zh, card.name.en)), acts);
  if (card.inserted) acts.append(button(word("拔出", "Pull"), () => post("/api/card", {remove: true}), "on"));
  else if (card.kinds.includes("insert")) acts.append(button(word("插卡", "Insert"), () => post("/api/card", {insert: card.id})));
  if (card.kinds.includes("tap")) acts.append(button(word("拍卡", "Tap"), () => post("/api/card", {tap: card.id})));
  if (card.kinds.includes("swipe")) acts.append(button(word("刷卡", "Swipe"), () => post("/api/card", {swipe: card.id})));
  return item;
}
async function showPaper() {
  const all = await get("/api/paper");
  if (all.length === papers) return;
  const first = papers < 0 || all.length < papers ? 0 : papers;
  if (first === 0) $("papers").replaceChildren();
  all.slice(first).forEach((paper) => {
    const image = element("img");
    image.src = "data:image/png;base64," + paper.png;
    image.alt = paper.text;
    $("papers").prepend(image);
  });
  papers = all.length;
}
async function showBank() {
  const books = await get("/api/ledger");
  fill("accounts", books.accounts.filter((account) => account.kind === "card" && account.balance !== OPENING).map((account) => [account.name + " " + account.masked_pan, yuan(account.balance)]));
  fill("entries", books.transactions.slice(0, 12).map((entry) => [(KINDS[entry.kind] || [entry.kind, entry.kind])[english ? 1 : 0], yuan(entry.amount), entry.state, entry.rrn]));
  fill("messages", books.messages.slice(0, 12).map((message) => [message.mti, message.stan || "", message.response_code || "", message.direction]));
  showSignatures(books.signatures || []);
  $("balanced").textContent = word("分录合计 ", "postings sum to ") + yuan(books.sum_of_postings);
}
async function showFaults() {
  const told = await get("/api/faults");
  $("waiting").replaceChildren(...told.waiting.map((rule) => element("li", rule)));
}
function showSignatures(all) {
  const newest = all.slice(0, 6).map((one) => one.id).join();
  if (newest === signed) return;
  signed = newest;
  $("signatures").replaceChildren(...all.slice(0, 6).map((one) => {
    const image = element("img");
    image.src = `/api/signature/${one.id}.png`;
    image.alt = word("签名 ", "signature ") + (one.rrn || one.id);
    return image;
  }));
}
async function showFacts() {
  const facts = await get("/api/facts");
  $("facts").textContent = word("读卡：", "cards: ") + facts.cards + " · " + facts.device;
  switches("line", LINES, facts.line, "/api/line");
  switches("printer", PRINTERS, facts.printer, "/api/printer");
}
let due = false, busy = false;
async function refresh() {
  due = true;
  if (busy) return;
  busy = true;
  try {
    while (due) { due = false; await Promise.all([showScreen(), showCards(), showPaper(), showBank(), showFaults(), showFacts()]); }
  } finally { busy = false; }
}

function speak() {
  document.documentElement.lang = english ? "en" : "zh-CN";
  $("language").textContent = english ? "中文" : "English";
  document.querySelectorAll("[data-zh]").forEach((each) => { each.textContent = english ? each.dataset.en : each.dataset.zh; });
  options("fault-mti", MTIS);
  options("fault-what", FAULTS.map(([phrase, , zh, en]) => [phrase, zh, en]));
  options("demand-code", DEMANDS);
  showNeed();
  $("keys").replaceChildren(...KEYS.map(([key, zh, en]) => {
    const made = button(word(zh, en), () => post("/api/key", {key}), key);
    made.dataset.key = key;
    return made;
  }));
}
function showNeed() {
  const need = FAULTS[$("fault-what").selectedIndex][1];
  $("fault-argument").hidden = !need;
  $("fault-argument").required = Boolean(need);
  $("fault-argument-name").textContent = need ? word(...NEEDS[need]) : "";
}
function onSubmit(place, act) {
  $(place).addEventListener("submit", (event) => { event.preventDefault(); act(); });
}
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || event.target.closest("a") && event.key === "Enter") return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("button") && ["Enter", " "].includes(event.key)) return;
  const key = KEYBOARD[event.key] || (/^\d$/.test(event.key) ? event.key : "");
  if (!key) return;
  event.preventDefault();
  post("/api/key", {key});
});
const screen = $("screen");
let stroke = null;
const point = (event) => {
  const box = screen.getBoundingClientRect();
  // object-fit: contain leaves bars beside the picture
  const scale = Math.min(box.width / screen.naturalWidth, box.height / screen.naturalHeight);
  const left = (box.width - screen.naturalWidth * scale) / 2, top = (box.height - screen.naturalHeight * scale) / 2;
  return [Math.round((event.clientX - box.left - left) / scale), Math.round((event.clientY - box.top - top) / scale)];
};
screen.addEventListener("pointerdown", (event) => { event.preventDefault(); stroke = [point(event)]; screen.setPointerCapture(event.pointerId); });
screen.addEventListener("pointermove", (event) => { if (stroke && stroke.length < 1500) stroke.push(point(event)); });
screen.addEventListener("pointerup", () => { if (stroke) post("/api/touch", {stroke}); stroke = null; });
$("power").addEventListener("click", () => post("/api/power", {cut: true}));
$("language").addEventListener("click", () => { english = !english; papers = -1; signed = ""; speak(); refresh(); });
$("fault-what").addEventListener("change", showNeed);
onSubmit("fault", () => {
  const need = FAULTS[$("fault-what").selectedIndex][1];
  post("/api/faults", {script: [$("fault-mti").value, $("fault-what").value, need ? $("fault-argument").value.trim() : ""].join(" ").trim()});
});
onSubmit("script", async () => { if (await post("/api/faults", {script: $("script-text").value})) $("script-text").value = ""; });
onSubmit("scan", async () => { if ($("scan-text").value && await post("/api/scan", {text: $("scan-text").value})) $("scan-text").value = ""; });
onSubmit("demand", () => post("/api/bank", {demand: $("demand-code").value}));
$("fault-clear").addEventListener("click", () => post("/api/faults", {clear: true}));
$("keys-expire").addEventListener("click", () => post("/api/bank", {expire_keys: true}));
$("next-day").addEventListener("click", () => post("/api/bank", {days: 1}));
$("bank-down").addEventListener("click", () => post("/api/bank", {down: DOWN_SECONDS}));

speak();
refresh();
new EventSource("/api/events").addEventListener("screen", refresh);
