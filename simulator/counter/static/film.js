// The film button. Law: the film is made where the painter is; the page only starts, stops and fetches it.
import {$, post} from "./page.js";
import {word} from "./words.js";
let film = {recording: false, moments: 0, seconds: 0, mp4: false};

export function showFilm(facts) {
  film = facts.film;
  const minutes = `${Math.floor(film.seconds / 60)}:${String(film.seconds % 60).padStart(2, "0")}`;
  $("film").setAttribute("aria-pressed", String(film.recording));
  $("film").textContent = film.recording ? word("■ 停止录像", "■ Stop filming") : word("● 录像", "● Film");
  $("film-told").textContent = film.moments ? word(`${minutes}，${film.moments} 个画面`, `${minutes}, ${film.moments} pictures`) : "";
  $("film-gif").hidden = film.recording || !film.moments;
  $("film-mp4").hidden = $("film-gif").hidden || !film.mp4;
}

$("film").addEventListener("click", () => post("/api/film", {record: !film.recording}));
