// The bank: its books, what became of a refund, and what it is told to do wrong. Law: shown as it is in its books.
import {$, element, fill, get, onSubmit, options, post, redraw} from "./page.js";
import {DEMANDS, DIRECTIONS, FAULTS, KINDS, MTIS, NEEDS, STATES, word, yuan} from "./words.js";
const DOWN_SECONDS = 20, SHOWN = 12, SIGNATURES = 6, REFUNDS = 5;
const OPENING = 1000000; // minor units on each test account: only those that moved are listed
const named = (table, id) => word(...(table[id] || [id, id]));

export async function showBooks() {
  const books = await get("/api/ledger");
  const moved = books.accounts.filter((account) => account.kind === "card" && account.balance !== OPENING);
  fill("accounts", moved.map((account) => [`${account.name} ${account.masked_pan}`, yuan(account.balance)]));
  fill("entries", books.transactions.slice(0, SHOWN).map((entry) => [named(KINDS, entry.kind), yuan(entry.amount), named(STATES, entry.state), entry.rrn]));
  fill("messages", books.messages.slice(0, SHOWN).map((one) => [one.mti, one.stan || "", one.response_code || "", named(DIRECTIONS, one.direction)]));
  showRefunds(books.transactions);
  showSignatures(books.signatures || []);
  $("balanced").textContent = word("分录合计 ", "postings sum to ") + yuan(books.sum_of_postings);
}

function showRefunds(entries) {
  const back = entries.filter((entry) => ["refund", "void"].includes(entry.kind)).slice(0, REFUNDS);
  redraw("refunds", back, () => back.length ? back.map((entry) => element("li", told(entry))) : [element("li", word("还没有退款", "No refund yet"))]);
}

function told(entry) {
  const of = entry.original_rrn ? word(`，原消费 ${entry.original_rrn}`, `, of sale ${entry.original_rrn}`) : "";
  return `${named(KINDS, entry.kind)} ${yuan(entry.amount)} → ${entry.masked_pan}: ${named(STATES, entry.state)}${of}`;
}

function showSignatures(all) {
  const ids = all.slice(0, SIGNATURES).map((one) => [one.id, one.rrn]);
  redraw("signatures", ids, () => ids.map(([id, rrn]) => {
    const image = element("img");
    image.src = `/api/signature/${id}.png`;
    image.alt = word("签名 ", "signature ") + (rrn || id);
    return image;
  }));
}

export async function showFaults() {
  const told = await get("/api/faults");
  redraw("waiting", told.waiting, () => told.waiting.map((rule) => element("li", rule)));
}

export function drawBank() {
  options("fault-mti", MTIS.map(([value, zh, en]) => [value, word(zh, en)]));
  options("fault-what", FAULTS.map(([phrase, , zh, en]) => [phrase, word(zh, en)]));
  options("demand-code", DEMANDS.map(([value, zh, en]) => [value, word(zh, en)]));
  showNeed();
}

const need = () => FAULTS[$("fault-what").selectedIndex][1];
function showNeed() {
  $("fault-argument-label").hidden = !need();
  $("fault-argument").required = Boolean(need());
  $("fault-argument-name").textContent = need() ? word(...NEEDS[need()]) : "";
}

$("fault-what").addEventListener("change", showNeed);
onSubmit("fault", () => post("/api/faults", {script: [$("fault-mti").value, $("fault-what").value, need() ? $("fault-argument").value.trim() : ""].join(" ").trim()}));
onSubmit("script", async () => { if (await post("/api/faults", {script: $("script-text").value})) $("script-text").value = ""; });
onSubmit("demand", () => post("/api/bank", {demand: $("demand-code").value}));
$("fault-clear").addEventListener("click", () => post("/api/faults", {clear: true}));
$("keys-expire").addEventListener("click", () => post("/api/bank", {expire_keys: true}));
$("next-day").addEventListener("click", () => post("/api/bank", {days: 1}));
$("bank-down").addEventListener("click", () => post("/api/bank", {down: DOWN_SECONDS}));
