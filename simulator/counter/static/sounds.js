// What is heard: the tones of a screen, the click of a key, a voice. Law: nothing before a hand has touched the page.
import {$} from "./page.js";
const PITCH = 2000, CLICK_PITCH = 1100, CLICK = 12, PAUSE = 120; // Hz, Hz, ms, ms
let audio, heard = Infinity, said = Infinity; // what came before the page was opened is not played

const isOn = () => $("sound").getAttribute("aria-pressed") === "true" && navigator.userActivation?.hasBeenActive;

function play(tones, pitch) {
  audio = audio || new AudioContext();
  let at = audio.currentTime;
  for (const milliseconds of tones) {
    const tone = audio.createOscillator(), loud = audio.createGain();
    loud.gain.value = 0.25;
    tone.frequency.value = pitch;
    tone.connect(loud).connect(audio.destination);
    tone.start(at);
    tone.stop(at + milliseconds / 1000);
    at += (milliseconds + PAUSE) / 1000;
  }
}

export function click(screen) { if (isOn() && screen && !screen.is_quiet) play([CLICK], CLICK_PITCH); }

export function sound(screen) {
  if (screen.sound.serial > heard && isOn()) play(screen.sound.tones, PITCH);
  heard = screen.sound.serial;
  if (screen.speech.serial > said && isOn()) speak(screen.speech.text, screen.language);
  said = screen.speech.serial;
}

function speak(text, language) {
  if (!window.speechSynthesis) return;
  const voice = new SpeechSynthesisUtterance(text);
  voice.lang = language.replace("_", "-");
  speechSynthesis.cancel();
  if (text) speechSynthesis.speak(voice);
}

$("sound").addEventListener("click", () => {
  const on = $("sound").getAttribute("aria-pressed") !== "true";
  $("sound").setAttribute("aria-pressed", String(on));
  if (!on) window.speechSynthesis?.cancel();
});
