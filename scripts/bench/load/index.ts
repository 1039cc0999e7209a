/** The load generator's process. */
import { answerQuestions } from "../frame/child.ts";
import { turnOver } from "./arrivals.ts";
import { runStream, runVolleys } from "./http.ts";
import { closeCrowd, framesOf, openCrowd } from "./sockets.ts";

answerQuestions({
  stream: runStream,
  volleys: runVolleys,
  "open crowd": openCrowd,
  "frames of": framesOf,
  "close crowd": closeCrowd,
  "turn over": turnOver,
});
