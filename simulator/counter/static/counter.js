// The counter's page. Law: it holds no state of the business; everything it shows is asked for, every act is a POST.
import {$, afterEach, get} from "./page.js";
import {isEnglish, turn} from "./words.js";
import {drawKeys, showScreen} from "./device.js";
import {showCards, showLessons, showWorld} from "./training.js";
import {drawBank, showBooks, showFaults} from "./bank.js";
import {showPapers} from "./papers.js";
import {showFilm} from "./film.js";
const BOOKS_EVERY = 600; // ms; the screen is shown at once, the bank's books a moment later
let frame = 0;

// One at a time: what comes while it is at work is done once more at the end.
function paced(work, pause) {
  let isDue = false, isBusy = false;
  return async () => {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isDue) {
        isDue = false;
        await work();
        if (pause) await new Promise((done) => setTimeout(done, pause));
      }
    } finally { isBusy = false; }
  };
}

const showDesk = paced(async () => {
  const [facts] = await Promise.all([get("/api/facts"), showScreen(frame), showCards()]);
  showWorld(facts);
  showFilm(facts);
  await showPapers(facts.papers);
});
const showBank = paced(() => Promise.all([showBooks(), showFaults()]), BOOKS_EVERY);
const refresh = () => { showDesk(); showBank(); };

function speak(english) {
  turn(english);
  drawKeys();
  drawBank();
  showLessons();
  refresh();
}

$("language").addEventListener("click", () => speak(!isEnglish()));
afterEach(refresh);
speak(false);
new EventSource("/api/events").addEventListener("frame", (event) => { frame = event.data; refresh(); });
