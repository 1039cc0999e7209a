/** The codes that admit, one a seat, as pictures made by the server. */
import { useEffect, useState } from "preact/hooks";
import { ticketTexts } from "../../presentation/index.ts";
import { callApi } from "../app/api.ts";
import { useTexts } from "../app/language.ts";
import type { Reservation } from "../reservations/reservation.ts";

export function Admission({ reservation }: { readonly reservation: Reservation }) {
  const texts = useTexts(ticketTexts);
  const seats = new Map(reservation.seats.map((seat) => [seat.id, seat]));
  return (
    <>
      <p class="small">{texts.atGate}</p>
      <ul class="codes">
        {reservation.tickets?.map(({ id, seatId }) => {
          const seat = seats.get(seatId);
          const name = seat ? texts.seat(seat.section, seat.row, String(seat.number)) : "";
          return (
            <li key={id}>
              <Code ticketId={id} name={name} />
              <p>{name}</p>
            </li>
          );
        })}
      </ul>
    </>
  );
}

interface Picture {
  readonly box: string;
  readonly path: string;
}

/** The picture is drawn into the page, so that it prints sharply and needs no address that anyone could open. */
function Code({ ticketId, name }: { readonly ticketId: string; readonly name: string }) {
  const texts = useTexts(ticketTexts);
  const [picture, setPicture] = useState<Picture | "failed" | null>(null);
  useEffect(() => {
    callApi<string>("GET", `/tickets/${ticketId}/qr.svg`, { text: true }).then(
      (svg) => setPicture(readPicture(svg) ?? "failed"),
      () => setPicture("failed"),
    );
  }, [ticketId]);
  if (picture === "failed") return <p class="code-missing">{texts.qrFailed}</p>;
  if (!picture) return <p class="code-missing muted">{texts.qrLoading}</p>;
  return (
    <svg
      class="code"
      viewBox={picture.box}
      role="img"
      aria-label={texts.qr(name)}
      shapeRendering="crispEdges"
    >
      <path d={picture.path} />
    </svg>
  );
}

/** Only a box and a path are taken over; nothing in the answer is run as markup. */
function readPicture(svg: string): Picture | null {
  const box = /viewBox="([\d .]+)"/.exec(svg)?.[1];
  const path = /<path d="([^"]+)"/.exec(svg)?.[1];
  return box && path ? { box, path } : null;
}
