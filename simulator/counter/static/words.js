// What the page says, in Chinese and English. Law: the device's own words are the device's; these are the page's.
export const KEYS = [["func", "功能", "Func"], ["up", "▲", "▲"], ["down", "▼", "▼"], ["refund", "退款", "Refund"],
  ["1", "1", "1"], ["2", "2", "2"], ["3", "3", "3"], ["cancel", "取消", "Cancel"],
  ["4", "4", "4"], ["5", "5", "5"], ["6", "6", "6"], ["clear", "清除", "Clear"],
  ["7", "7", "7"], ["8", "8", "8"], ["9", "9", "9"], ["enter", "确认", "Confirm"],
  ["00", "00", "00"], ["0", "0", "0"]];
export const SAID = {up: ["上", "Up"], down: ["下", "Down"]}; // for a screen reader, where the cap is a sign
export const KEYBOARD = {Enter: "enter", Backspace: "clear", Escape: "cancel", ArrowUp: "up", ArrowDown: "down", F1: "func", F2: "refund"};
export const LINES = [["up", "正常", "Up"], ["slow", "慢", "Slow"], ["down", "断开", "Down"], ["answer_lost", "应答丢失", "Answer lost"], ["request_lost", "请求丢失", "Request lost"]];
export const PRINTERS = {ok: ["有纸", "Paper in"], low: ["纸将尽", "Paper low"], out: ["缺纸", "Out of paper"], open: ["盖未关", "Cover open"], hot: ["过热", "Too hot"], off: ["关机", "Off"]};
export const BODIES = {glass: ["电签触屏", "touch glass"], keypad: ["传统键盘", "keypad"], lcd: ["四行液晶", "4-line LCD"]};
export const KINDS = {sale: ["消费", "Sale"], void: ["消费撤销", "Void"], refund: ["退货", "Refund"]};
export const STATES = {approved: ["已记账", "booked"], refused: ["被拒绝", "refused"], voided: ["已撤销", "voided"], reversed: ["已冲正", "reversed"], adjusted: ["已调整", "adjusted"], pending: ["已受理，未到账", "accepted, not yet credited"], credited: ["已到账", "credited"]};
export const DIRECTIONS = {sent: ["银行发出", "sent"], received: ["银行收到", "received"]};
export const MTIS = [["any", "任何", "any"], ["0200", "0200 消费/撤销", "0200 sale, void"], ["0220", "0220 退货", "0220 refund"], ["0400", "0400 冲正", "0400 reversal"], ["0500", "0500 结算", "0500 settlement"], ["0800", "0800 签到", "0800 sign-in"], ["0820", "0820 管理", "0820 management"]];
// phrase of the fault language (docs/counter.md), what it needs, and its name
export const FAULTS = [["answer lost", "", "应答丢失", "loses its answer"], ["request lost", "", "请求丢失", "is lost"],
  ["answer after", "s", "应答延迟", "is answered late by"], ["answer late", "", "应答过晚", "is answered too late"],
  ["answer twice", "", "应答重复", "is answered twice"], ["answer swapped", "", "应答乱序", "is answered after the next"],
  ["request twice", "", "请求重复", "arrives twice"], ["request cut", "bytes", "请求中断", "is cut on its way"], ["answer cut", "bytes", "应答中断", "has its answer cut"],
  ["wrong mac", "", "MAC 错", "has a wrong MAC"], ["wrong stan", "", "流水号错 F11", "has a wrong F11"], ["wrong amount", "", "金额错 F4", "has a wrong F4"], ["wrong terminal", "", "终端号错 F41", "has a wrong F41"],
  ["answer garbage", "", "应答乱码", "is answered with garbage"], ["answer truncated", "", "应答不完整", "has a truncated answer"],
  ["refused", "F39", "被拒绝（不记账）", "is refused, not booked"], ["says", "F39", "应答码为（照常记账）", "is booked, but says"],
  ["keys expire", "", "遇到密钥过期", "finds its keys expired"], ["bank day", "days", "遇到日切", "meets another day"], ["bank demands", "code", "带处理要求", "is answered with a demand"], ["bank down", "s", "遇到停机", "finds the bank down"]];
export const NEEDS = {s: ["秒", "seconds"], bytes: ["字节", "bytes"], F39: ["应答码", "code"], days: ["天", "days"], code: ["代码", "code"]};
export const DEMANDS = [["3", "3 重新签到", "3 sign in again"], ["1", "1 下传磁条卡参数", "1 stripe parameters"], ["2", "2 上传磁条卡状态", "2 send the status"], ["4", "4 更新公钥", "4 public keys"], ["5", "5 下载 IC 卡参数", "5 chip parameters"], ["6", "6 TMS 参数", "6 TMS parameters"], ["7", "7 卡 BIN 黑名单", "7 blacklist"], ["8", "8 币种汇率", "8 exchange rates"], ["9", "9 非接业务参数", "9 contactless parameters"], ["b", "b 免密新增 BIN", "b new BINs without PIN"], ["c", "c 免密 BIN 黑名单", "c blacklist without PIN"]];

let english = false;
export const isEnglish = () => english;
export const word = (zh, en) => (english ? en : zh);
export const both = (pair) => word(pair.zh, pair.en);
export const yuan = (minor) => (minor / 100).toFixed(2);

// A text that may come and go, and is turned with the rest.
export function tell(place, zh, en) {
  const told = document.getElementById(place);
  told.dataset.zh = zh;
  told.dataset.en = en;
  told.textContent = word(zh, en);
}

// Turns every text that stands in the page into the other language.
export function turn(toEnglish) {
  english = toEnglish;
  document.documentElement.lang = english ? "en" : "zh-CN";
  const language = document.getElementById("language");
  language.textContent = english ? "中文" : "English";
  language.lang = english ? "zh-CN" : "en";
  document.querySelectorAll("[data-zh]").forEach((each) => { each.textContent = word(each.dataset.zh, each.dataset.en); });
  document.querySelectorAll("[data-label-zh]").forEach((each) => { each.setAttribute("aria-label", word(each.dataset.labelZh, each.dataset.labelEn)); });
}
