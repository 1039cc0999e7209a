/** How a fan who looks elsewhere hears of the turn: the tab's title always, a sound and a notification when wished. */
import { createStore } from "../app/store.ts";

export interface Wishes {
  readonly sound: boolean;
  readonly notification: boolean;
}

const KEY = "fastpass.alerts";

function remembered(): Wishes {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { sound: kept.sound === true, notification: kept.notification === true && isAllowed() };
  } catch {
    return { sound: false, notification: false };
  }
}

const isAllowed = () => "Notification" in window && Notification.permission === "granted";

export const canNotify = () => "Notification" in window && Notification.permission !== "denied";

export const wishes = createStore<Wishes>(remembered());

function keep(next: Wishes): void {
  wishes.set(next);
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // It holds for this page then.
  }
}

let audio: AudioContext | null = null;

/** Browsers let a page make sounds only after a gesture, which turning it on is; so it is heard once right away. */
export function wishSound(sound: boolean): void {
  keep({ ...wishes.get(), sound });
  if (sound) chime();
}

/** Asks the fan for permission when that is needed. */
export async function wishNotification(notification: boolean): Promise<void> {
  if (notification && !isAllowed()) await Notification.requestPermission();
  keep({ ...wishes.get(), notification: notification && isAllowed() });
}

export function tellTurn(title: string, body: string): void {
  const { sound, notification } = wishes.get();
  if (sound) chime();
  if (!notification || !document.hidden) return;
  try {
    const shown = new Notification(title, { body, tag: "fastpass-turn" });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Some phones allow notifications to service workers alone; title and sound remain.
  }
}

const NOTES_HZ = [523, 659, 784];

/** Three soft rising notes. */
function chime(): void {
  audio ??= new AudioContext();
  void audio.resume();
  for (const [index, frequency] of NOTES_HZ.entries()) {
    const start = audio.currentTime + index * 0.18;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.2, start + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.5);
  }
}
