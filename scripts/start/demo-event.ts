/** Something to look at on a fresh machine: an event whose queue is open, made through the API as anybody would. */

export const DEMO_OPERATOR = { email: "operator@fastpass.example", password: "demo-operator" };
export const DEMO_FAN = { email: "fan@fastpass.example", password: "demo-fan-password" };

const TITLE = "Moonlight Parade: First Night";
const LOOK = {
  accent: "#3d4aa3",
  timeZone: "Asia/Seoul",
  texts: {
    en: { description: "The first of three nights on the river. Doors open an hour before." },
    ko: {
      title: "달빛 행진: 첫날 밤",
      venue: "서울 한강홀",
      description: "강가에서 열리는 사흘 밤 가운데 첫날입니다. 공연 한 시간 전부터 입장합니다.",
    },
  },
};
const MONTH_MS = 30 * 86_400_000;

/** @returns null when the database has an event already. */
export async function makeDemoEvent(address: string): Promise<{ title: string; queueId: string } | null> {
  const call = apiOf(address);
  const { items } = await call("GET", "/events?limit=1");
  if ((items as unknown[]).length > 0) return null;
  await call("POST", "/auth/signup", { ...DEMO_FAN, name: "Demo Fan" });
  const { accessToken } = await call("POST", "/auth/login", DEMO_OPERATOR);
  const token = accessToken as string;
  const event = await call(
    "POST",
    "/operator/events",
    { title: TITLE, venue: "Han River Hall, Seoul" },
    token,
  );
  await call("PUT", `/operator/events/${event.id}/look`, LOOK, token);
  const performance = await call(
    "POST",
    `/operator/events/${event.id}/performances`,
    {
      startsAt: new Date(Date.now() + MONTH_MS).toISOString(),
      currency: "KRW",
      holdSeconds: 300,
      maxSeatsPerFan: 4,
      sections: [
        { name: "Floor", rows: 10, seatsPerRow: 24, amount: 165_000, accessibleSeats: 6 },
        { name: "Lower", rows: 12, seatsPerRow: 30, amount: 132_000 },
        { name: "Upper", rows: 15, seatsPerRow: 36, amount: 99_000 },
      ],
      queue: {
        opensAt: new Date().toISOString(),
        ratePerMinute: 600,
        maxActive: 200,
        arrivalSeconds: 60,
        sessionSeconds: 600,
        graceSeconds: 120,
      },
    },
    token,
  );
  return { title: TITLE, queueId: performance.queueId as string };
}

function apiOf(address: string) {
  return async (
    method: string,
    path: string,
    body?: object,
    token?: string,
  ): Promise<Record<string, unknown>> => {
    const response = await fetch(`${address}/api/v1${path}`, {
      method,
      headers: {
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status} ${answer.code}`);
    return answer;
  };
}
