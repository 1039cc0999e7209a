/** What stands around every page: the venue's name, the way around, the language; and the page itself, when loaded. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { frameTexts, LANGUAGES } from "../../presentation/index.ts";
import { logOut } from "./api.ts";
import { setLanguage, useLanguage, useTexts } from "./language.ts";
import { brand, wordsOf } from "./look.ts";
import { matchRoute, navigate, type PageProps, type PageRoute, place } from "./router.ts";
import { session } from "./session.ts";
import { useStore } from "./store.ts";

const LANGUAGE_NAMES = { en: "English", ko: "한국어" } as const;

export function Frame({ routes }: { readonly routes: readonly PageRoute[] }) {
  const { pathname, search } = useStore(place);
  const texts = useTexts(frameTexts);
  return (
    <>
      <a class="skip" href="#content">
        {texts.skip}
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <Page key={pathname} routes={routes} pathname={pathname} search={search} />
      </main>
      <Footer />
    </>
  );
}

function Header() {
  const texts = useTexts(frameTexts);
  const language = useLanguage();
  const event = useStore(brand);
  const { user } = useStore(session);
  const logo = event?.look?.logoUrl;
  const venue = event && wordsOf(event, language).venue;
  return (
    <header class="top">
      <a class={event ? "brand" : "brand own"} href="/">
        {logo ? <img src={logo} alt={venue ?? ""} /> : (venue ?? texts.product)}
      </a>
      <nav aria-label={texts.product}>
        <a href="/">{texts.events}</a>
        {user ? (
          <>
            <a href="/tickets">{texts.tickets}</a>
            <button type="button" class="link" onClick={() => void logOut().then(() => navigate("/"))}>
              {texts.logOut}
            </button>
          </>
        ) : (
          <a href={`/login?next=${encodeURIComponent(place.get().pathname)}`}>{texts.logIn}</a>
        )}
      </nav>
    </header>
  );
}

function Footer() {
  const texts = useTexts(frameTexts);
  const current = useLanguage();
  const { user } = useStore(session);
  return (
    <footer class="bottom">
      <p>{user ? texts.account(user.name) : texts.product}</p>
      <ul class="languages" aria-label={texts.language}>
        {LANGUAGES.map((language) => (
          <li key={language}>
            <button
              type="button"
              class="link"
              lang={language}
              aria-pressed={language === current}
              onClick={() => setLanguage(language)}
            >
              {LANGUAGE_NAMES[language]}
            </button>
          </li>
        ))}
      </ul>
    </footer>
  );
}

type Loaded = { component: ComponentType<PageProps> } | { failed: true } | null;

function Page({
  routes,
  pathname,
  search,
}: {
  readonly routes: readonly PageRoute[];
  readonly pathname: string;
  readonly search: string;
}) {
  const [loaded, setLoaded] = useState<Loaded>(null);
  const [fault] = useErrorBoundary();
  const match = matchRoute(routes, pathname);
  const route = match?.route;
  useEffect(() => {
    let current = true;
    route?.load().then(
      ({ default: component }) => current && setLoaded({ component }),
      () => current && setLoaded({ failed: true }),
    );
    return () => {
      current = false;
    };
  }, [route]);
  if (!match) return <NotFound />;
  if (fault || (loaded && "failed" in loaded)) return <Broken />;
  if (!loaded) return <Loading />;
  const Component = loaded.component;
  return <Component params={match.params} query={new URLSearchParams(search)} />;
}

export function Loading() {
  const texts = useTexts(frameTexts);
  return (
    <p class="loading" role="status">
      {texts.loading}
    </p>
  );
}

/** A page's heading; it gets the focus when the page is entered from another one, so that readers hear where they are. */
export function Title({ children, document: name }: { children: ComponentChildren; document?: string }) {
  const title = name ?? (typeof children === "string" ? children : null);
  useEffect(() => {
    if (title) document.title = title;
  }, [title]);
  return (
    <h1 tabIndex={-1} ref={focusAfterNavigation}>
      {children}
    </h1>
  );
}

let entered = place.get();
function focusAfterNavigation(heading: HTMLElement | null): void {
  if (!heading || entered === place.get()) return;
  entered = place.get();
  heading.focus();
}

export function NotFound() {
  const texts = useTexts(frameTexts);
  return (
    <section class="card">
      <Title>{texts.notFoundTitle}</Title>
      <p>{texts.notFound}</p>
      <p>
        <a class="button" href="/">
          {texts.toEvents}
        </a>
      </p>
    </section>
  );
}

/** A part of the page could not be loaded or fell over: a newer version may be there, so loading anew is the cure. */
function Broken() {
  const texts = useTexts(frameTexts);
  return (
    <section class="card">
      <Title>{texts.failedTitle}</Title>
      <p>{texts.offline}</p>
      <p>
        <button type="button" class="button" onClick={() => location.reload()}>
          {texts.reload}
        </button>
      </p>
    </section>
  );
}
