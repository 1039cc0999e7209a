/** The page on which a draw, and one's own place in it, is checked. */
const en = {
  title: "The draw",
  lead: "Everybody who is in the waiting room at the opening gets a place by lot. Everything the lots are made of is published here, and your browser can make them again and compare.",
  back: "Back to the line",

  // What was published
  published: "What was published",
  notYet: "not known yet",
  commitment: "Commitment: the fingerprint of a secret seed",
  commitmentHelp: "Fixed when the line was made. Note it down before the draw and compare it afterwards.",
  since: (when: string) => `since ${when}`,
  list: "List: the fingerprint of all tickets in the draw",
  tickets: (count: string) => `${count} tickets`,
  beacon: "Public value, which nobody could know when the list was fixed",
  beaconSource: (source: string) => `from ${source}`,
  beaconFile: "written down by the organiser",
  beaconMissed: "It was promised and did not come in time: the order rests on seed and list alone.",
  noBeacon: "none was promised",
  seed: "Seed, published after the draw",

  // One's own place
  mine: "Your place",
  logIn: "Log in to check your own place",
  ticket: "Your ticket",
  place: (place: string, count: string) => `Place ${place} of ${count}`,
  noTicket: "You have no place in this line.",
  notDrawn: "The lobby has not closed yet. Come back after the opening.",
  notInDraw:
    "Your ticket came after the lobby had closed. It was not drawn and stands behind those who were.",
  beingDrawn: "The list is fixed and lots are being drawn.",

  // Checks
  right: "Right",
  wrong: "Wrong",
  seedRight: "The seed is the one that was committed to.",
  seedWrong: "The seed is not the one that was committed to.",
  listRight: "Your ticket is on the list.",
  listWrong: "Your ticket is not on the list that was published.",
  orderRight: (count: string) => `All ${count} places are the ones that seed and list give.`,
  placeRight: (place: string) => `Your ticket has place ${place} in the order your browser made.`,
  placeWrong: "Your ticket has another place in the order your browser made.",
  finding: (part: string, detail: string) => `${part}: ${detail}.`,

  // The whole order
  whole: "The whole order",
  wholeHelp:
    "Your browser loads all tickets in their order, makes the lots again, and compares every place. With very many tickets this takes a while.",
  check: "Check the whole order",
  checking: "Checking…",
  trust:
    "This page computes in your browser and takes only numbers from us. If you do not want to believe the page either, use one of the programs that come with Fast Pass, or write your own: it is described in docs/fairness.md.",
  insecure: "Your browser computes only on pages that were loaded over HTTPS.",
};

const ko: typeof en = {
  title: "추첨",
  lead: "오픈 시점에 대기실에 있는 모든 사람의 순서를 추첨으로 정합니다. 추첨에 쓰이는 값은 모두 여기에 공개되며, 브라우저가 추첨을 그대로 다시 계산해 비교할 수 있습니다.",
  back: "대기열로 돌아가기",

  published: "공개된 값",
  notYet: "아직 알 수 없음",
  commitment: "약속값: 비밀 시드의 지문",
  commitmentHelp: "대기열을 만들 때 정해졌습니다. 추첨 전에 적어 두고 나중에 비교해 보세요.",
  since: (when) => `${when}부터`,
  list: "명단: 추첨에 참여한 모든 대기표의 지문",
  tickets: (count) => `대기표 ${count}장`,
  beacon: "명단이 정해질 때 아무도 알 수 없었던 공개 값",
  beaconSource: (source) => `출처: ${source}`,
  beaconFile: "주최 측이 기록한 값",
  beaconMissed: "약속한 값이 제때 나오지 않았습니다. 순서는 시드와 명단으로만 정해졌습니다.",
  noBeacon: "약속하지 않음",
  seed: "시드, 추첨 후 공개",

  mine: "내 순서",
  logIn: "로그인하고 내 순서 확인하기",
  ticket: "내 대기표",
  place: (place, count) => `${count}명 중 ${place}번째`,
  noTicket: "이 대기열에 내 자리가 없습니다.",
  notDrawn: "대기실이 아직 마감되지 않았습니다. 오픈 후에 다시 확인해 주세요.",
  notInDraw: "대기실이 마감된 뒤에 들어온 대기표입니다. 추첨 대상이 아니며, 추첨된 사람들 뒤에 섭니다.",
  beingDrawn: "명단이 확정되어 추첨하고 있습니다.",

  right: "맞음",
  wrong: "틀림",
  seedRight: "시드가 약속값과 일치합니다.",
  seedWrong: "시드가 약속값과 일치하지 않습니다.",
  listRight: "내 대기표가 명단에 있습니다.",
  listWrong: "공개된 명단에 내 대기표가 없습니다.",
  orderRight: (count) => `${count}개 순서가 모두 시드와 명단에서 나온 순서와 같습니다.`,
  placeRight: (place) => `브라우저가 계산한 순서에서 내 대기표는 ${place}번째입니다.`,
  placeWrong: "브라우저가 계산한 순서에서 내 대기표의 자리가 다릅니다.",
  finding: (part, detail) => `${part}: ${detail}.`,

  whole: "전체 순서",
  wholeHelp:
    "브라우저가 모든 대기표를 순서대로 받아 추첨을 다시 계산하고 모든 자리를 비교합니다. 대기표가 아주 많으면 시간이 걸립니다.",
  check: "전체 순서 확인하기",
  checking: "확인하는 중…",
  trust:
    "이 페이지는 브라우저에서 계산하며 저희에게서는 숫자만 받습니다. 페이지도 믿기 어렵다면 Fast Pass에 포함된 프로그램을 쓰거나 직접 만들어 확인할 수 있습니다. 방법은 docs/fairness.md에 있습니다.",
  insecure: "HTTPS로 연 페이지에서만 브라우저가 계산할 수 있습니다.",
};

export const drawTexts = { en, ko };
