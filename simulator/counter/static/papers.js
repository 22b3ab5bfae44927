// Paper: the newest one in the slot, all of them in the tray. Law: a paper is asked for once.
import {$, element, get} from "./page.js";
let known = 0;

export async function showPapers(count) {
  if (count < known) { known = 0; $("papers").replaceChildren(); $("fresh-paper").hidden = true; }
  if (count === known) return;
  const fresh = await get("/api/paper?since=" + known);
  known += fresh.length;
  fresh.forEach((paper) => {
    const image = element("img");
    image.src = "data:image/png;base64," + paper.png;
    image.alt = paper.text;
    image.lang = "zh-CN";
    $("papers").prepend(image);
    comeOut(image.src);
  });
}

function comeOut(source) {
  const old = $("fresh-paper"), sheet = old.cloneNode(true);
  sheet.querySelector("img").src = source;
  sheet.hidden = false;
  old.replaceWith(sheet); // a new element, so that it rises again
}
