// The device: its body, its picture, its keys, a finger on its glass. Law: what it shows is the painter's, never ours.
import {$, button, get, post} from "./page.js";
import {KEYBOARD, KEYS, SAID, word} from "./words.js";
import {click, sound} from "./sounds.js";
const MOST_POINTS = 1500, PRESSED = 140; // ms
let told = null; // the screen as words
let size = {width: 480, height: 800}; // of the device; the picture has none while another one is on its way

export function drawKeys() {
  document.querySelectorAll(".keys").forEach((place) => place.replaceChildren(...KEYS.map(([key, zh, en]) => {
    const made = button(word(zh, en), () => press(key), key);
    made.classList.add(/^\d/.test(key) ? "digit" : key);
    if (key === "0") made.classList.add("zero");
    if (SAID[key]) made.setAttribute("aria-label", word(...SAID[key]));
    return made;
  })));
}

export function press(key) {
  click(told);
  document.querySelectorAll(`.keys [data-name="${key}"]`).forEach((cap) => {
    cap.classList.add("pressed");
    setTimeout(() => cap.classList.remove("pressed"), PRESSED);
  });
  return post("/api/key", {key});
}

export async function showScreen(frame) {
  const [now] = await Promise.all([get("/api/screen"), picture("/api/screen.png?frame=" + frame)]);
  told = now;
  const text = [told.title, ...told.lines, told.hint].join("\n");
  const language = told.language.replace("_", "-");
  document.querySelector(".machine").dataset.theme = told.theme;
  if (screen.alt !== text) { screen.alt = text; screen.lang = language; $("spoken").lang = language; $("spoken").textContent = text; }
  sound(told);
}

// Waits until it is there: the next one must not stop it half-way.
function picture(source) {
  return new Promise((done) => {
    screen.addEventListener("load", done, {once: true});
    screen.addEventListener("error", done, {once: true});
    screen.src = source;
  });
}

export function showBody(facts) {
  size = facts.devices.find((one) => one.name === facts.device) || size;
  document.querySelector(".machine").dataset.body = facts.body;
}

// The card in the slot: its name stands on it, and in the slot for who cannot see it.
export function showCard(inside, name) {
  $("slot").textContent = inside ? name : word("卡槽空", "Slot empty");
  $("card").className = inside ? (inside.bad ? "card in bad" : "card in") : "card";
  $("card").querySelector("span").textContent = inside ? name : "";
}

// --- the keyboard of whoever looks at the page
document.addEventListener("keydown", (event) => {
  if (!$("keyboard").checked || event.ctrlKey || event.metaKey || event.altKey) return;
  const on = event.target;
  if (on.closest("input:not([type=checkbox]), select, textarea")) return;
  if (on.closest("button, summary, a, input") && ["Enter", " "].includes(event.key)) return;
  if (on.closest("[role=region]") && event.key.startsWith("Arrow")) return; // the papers scroll
  const key = KEYBOARD[event.key] || (/^\d$/.test(event.key) ? event.key : "");
  if (!key || event.repeat && key !== "clear") return;
  event.preventDefault();
  press(key);
});

// --- a finger or a pen on the glass
const screen = $("screen"), ink = $("ink");
let stroke = null;
function point(event) {
  const box = screen.getBoundingClientRect();
  const at = (value, length, pixels) => Math.max(0, Math.min(pixels - 1, Math.floor(value * pixels / length)));
  return [at(event.clientX - box.left, box.width, size.width), at(event.clientY - box.top, box.height, size.height)];
}
const isSigning = () => told?.kind === "sign";
function draw(from, to) {
  const scale = screen.clientWidth / size.width, pen = ink.getContext("2d");
  if (ink.width !== screen.clientWidth) { ink.width = screen.clientWidth; ink.height = screen.clientHeight; }
  pen.lineWidth = 3;
  pen.lineCap = "round";
  pen.strokeStyle = "#16202a";
  pen.beginPath();
  pen.moveTo(from[0] * scale, from[1] * scale);
  pen.lineTo(to[0] * scale, to[1] * scale);
  pen.stroke();
}
screen.addEventListener("load", () => { if (!stroke) ink.width = 0; });
screen.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  stroke = [point(event)];
  screen.setPointerCapture(event.pointerId);
  if (!isSigning()) { click(told); post("/api/touch", {stroke, is_down: true}); }
});
screen.addEventListener("pointermove", (event) => {
  if (!stroke || stroke.length >= MOST_POINTS) return;
  const now = point(event), last = stroke[stroke.length - 1];
  if (now[0] === last[0] && now[1] === last[1]) return;
  if (isSigning()) draw(last, now);
  stroke.push(now);
});
screen.addEventListener("pointerup", () => { if (stroke) post("/api/touch", {stroke}); stroke = null; });
screen.addEventListener("pointercancel", () => { stroke = null; ink.width = 0; });
