/** Why there are no seats to choose from now, and the way back to the line. */
import { seatTexts } from "../../presentation/index.ts";
import { useTexts } from "../app/language.ts";

export function NoTurn({
  reason,
  queueId,
}: {
  readonly reason: "NO_TICKET" | "NOT_ADMITTED" | "OVER";
  readonly queueId: string;
}) {
  const texts = useTexts(seatTexts);
  const [title, text] = {
    NO_TICKET: [texts.noTicket, texts.noTicketText],
    NOT_ADMITTED: [texts.noTurn, texts.noTurnText],
    OVER: [texts.turnOver, texts.turnOverText],
  }[reason] as [string, string];
  return (
    <section class="card" role="status">
      <h2>{title}</h2>
      <p>{text}</p>
      <p>
        <a class="button" href={`/queues/${queueId}`}>
          {texts.toQueue}
        </a>
      </p>
    </section>
  );
}
