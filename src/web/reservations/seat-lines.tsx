/** The seats of a reservation with their prices and the sum. */
import { formatMoney } from "../../presentation/index.ts";
import { useLanguage } from "../app/language.ts";
import type { Reservation } from "./reservation.ts";

export interface SeatLinesProps {
  readonly reservation: Reservation;
  readonly total: string;
  seat(section: string, row: string, number: string): string;
}

export function SeatLines({ reservation, total, seat }: SeatLinesProps) {
  const language = useLanguage();
  const money = (amount: number) => formatMoney(amount, reservation.currency, language);
  return (
    <dl class="seat-lines">
      {reservation.seats.map(({ id, section, row, number, amount }) => (
        <div key={id}>
          <dt>{seat(section, row, String(number))}</dt>
          <dd>{money(amount)}</dd>
        </div>
      ))}
      <div class="sum">
        <dt>{total}</dt>
        <dd>{money(reservation.totalAmount)}</dd>
      </div>
    </dl>
  );
}
