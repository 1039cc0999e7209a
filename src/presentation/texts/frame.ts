/** What stands around every page, and what any of them may have to say. */
const en = {
  product: "Fast Pass",
  skip: "Skip to the content",
  events: "Events",
  tickets: "My tickets",
  logIn: "Log in",
  signUp: "Sign up",
  logOut: "Log out",
  account: (name: string) => `Logged in as ${name}`,
  language: "Language",
  loading: "One moment…",
  plainVersion: "Open the simple version of this page",
  needsScript: "This page needs JavaScript.",
  notFoundTitle: "There is nothing here",
  notFound: "The address may be mistyped, or what was here is gone.",
  toEvents: "See all events",
  failedTitle: "That did not work",
  tryAgain: "Try again",
  reload: "Reload the page",
  offline: "There is no connection to Fast Pass at the moment.",
  unexpected: (requestId: string) =>
    requestId
      ? `Something failed on our side. If you ask for help, name this number: ${requestId}`
      : "Something failed on our side. Try again in a moment.",
  retryIn: (span: string) => `Try again in ${span}.`,
  tooMany: "Too many tries in a short time.",
  wrongSite: "This form was sent from another page. Open it here and send it again.",
  busy: "Too many people are here at this moment. Try again shortly.",
};

const ko: typeof en = {
  product: "Fast Pass",
  skip: "본문으로 건너뛰기",
  events: "공연",
  tickets: "내 티켓",
  logIn: "로그인",
  signUp: "회원가입",
  logOut: "로그아웃",
  account: (name) => `${name} 님으로 로그인됨`,
  language: "언어",
  loading: "잠시만 기다려 주세요…",
  plainVersion: "이 페이지의 간단한 버전 열기",
  needsScript: "이 페이지에는 JavaScript가 필요합니다.",
  notFoundTitle: "페이지를 찾을 수 없습니다",
  notFound: "주소가 잘못되었거나 더 이상 없는 페이지입니다.",
  toEvents: "공연 모두 보기",
  failedTitle: "처리하지 못했습니다",
  tryAgain: "다시 시도",
  reload: "페이지 새로고침",
  offline: "지금은 Fast Pass에 연결할 수 없습니다.",
  unexpected: (requestId) =>
    requestId
      ? `서버에 문제가 생겼습니다. 문의하실 때 이 번호를 알려 주세요: ${requestId}`
      : "서버에 문제가 생겼습니다. 잠시 후 다시 시도해 주세요.",
  retryIn: (span) => `${span} 후에 다시 시도해 주세요.`,
  tooMany: "짧은 시간에 너무 많이 시도했습니다.",
  wrongSite: "다른 페이지에서 보낸 양식입니다. 이곳에서 열어 다시 보내 주세요.",
  busy: "지금 접속자가 많습니다. 잠시 후 다시 시도해 주세요.",
};

export const frameTexts = { en, ko };
