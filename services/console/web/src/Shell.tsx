import { BarChartOutlined, BellOutlined, CheckSquareOutlined, FileAddOutlined, LogoutOutlined, PhoneOutlined, SearchOutlined, TeamOutlined, WalletOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Badge, Button, Spin, Tooltip } from "antd";
import { createContext, use, useEffect, useRef, type ReactNode } from "react";
import { NavLink, Outlet, useLocation, useNavigate } from "react-router";
import { ask, Problem, signOut, type Counts, type Me, type Places, type Session } from "./api";
import { useSpeech } from "./language";
import { useLive, useOnline } from "./live";
import { may } from "./may";
import { usePlaceName, type BranchOption } from "./parts/branches";
import { ProblemNote } from "./parts/ProblemNote";

interface InboxCounts {
  unread: number;
  urgent: number;
  to_confirm: number;
}

export interface Desk {
  me: Me;
  roleName: (role: string) => string;
  /** what people call a branch, a department of one (`sh-pudong/sales`) or the group */
  placeName: (place: string) => string;
  /** every branch, to choose from */
  branchOptions: BranchOption[];
}

const DeskContext = createContext<Desk | null>(null);

/** Who is here and what there is to choose from. */
export function useDesk(): Desk {
  const desk = use(DeskContext);
  if (!desk) throw new Error("outside the shell");
  return desk;
}

const PAGES = ["/call", "/work", "/inbox", "/cases"];
const OTHER_PAGES: Record<string, string> = { Digit5: "/credit", Digit6: "/credit/request", Digit7: "/people/imports", Digit8: "/reports" };

export function Shell() {
  const { t, language, setLanguage, pick } = useSpeech();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const online = useOnline();
  const main = useRef<HTMLElement>(null);
  const session = useQuery({ queryKey: ["session"], queryFn: () => ask<Session>("/auth/session"), staleTime: 60_000 });
  const here = session.isSuccess;
  const me = useQuery({ queryKey: ["me"], queryFn: () => ask<Me>("/api/console/v1/me"), enabled: here, staleTime: 60_000 });
  const places = useQuery({
    queryKey: ["places"], queryFn: () => ask<Places>("/api/console/v1/places"), enabled: me.isSuccess, staleTime: 300_000,
  });
  const placeName = usePlaceName(me.isSuccess);
  const { live, ready } = useLive(me.isSuccess, /^\/(?:cases|reports)\/([0-9a-f-]{36})$/.exec(pathname)?.[1]);
  const counts = useQuery({
    queryKey: ["counts"], queryFn: () => ask<Counts>("/api/console/v1/work/counts"), enabled: me.isSuccess,
  });
  const inbox = useQuery({
    queryKey: ["inbox-counts"], queryFn: () => ask<InboxCounts>("/api/notify/v1/inbox/counts"), enabled: me.isSuccess, retry: false,
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey) return;
      const page = PAGES[Number(event.code.replace("Digit", "")) - 1] ?? OTHER_PAGES[event.code];
      if (page) {
        event.preventDefault();
        void navigate(page);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate]);

  useEffect(() => {
    window.scrollTo(0, 0);
  }, [pathname]);

  const waiting = (counts.data?.work ?? 0) + (counts.data?.approvals ?? 0);
  const grants = me.data?.grants ?? [];
  const items: [string, ReactNode, string, number, string][] = [
    ["/work", <CheckSquareOutlined key="w" />, t("work"), waiting, "Alt 2"],
    ["/inbox", <BellOutlined key="i" />, t("inbox"), inbox.data?.unread ?? 0, "Alt 3"],
    ["/cases", <SearchOutlined key="s" />, t("cases"), 0, "Alt 4"],
  ];
  if (me.isPending || (me.data && may(me.data, "complaint.take"))) items.unshift(["/call", <PhoneOutlined key="c" />, t("take"), 0, "Alt 1"]);
  if (me.data && may(me.data, "credit.read")) items.push(["/credit", <WalletOutlined key="d" />, t("creditDesk"), 0, "Alt 5"]);
  if (me.data && may(me.data, "credit.request")) items.push(["/credit/request", <FileAddOutlined key="r" />, t("requestGoods"), 0, "Alt 6"]);
  if (me.data && may(me.data, "staff.people")) items.push(["/people/imports", <TeamOutlined key="p" />, t("importPeople"), 0, "Alt 7"]);
  if (me.data && may(me.data, "complaint.read_statistics")) items.push(["/reports", <BarChartOutlined key="t" />, t("statistics"), 0, "Alt 8"]);
  const roles = new Map(places.data?.roles.map((role) => [role.role, pick(role.zh, role.en)]));
  const desk = me.data && places.data && {
    me: me.data, roleName: (role: string) => roles.get(role) ?? role, placeName,
    branchOptions: places.data.branches.map(({ branch }) => ({ value: branch, label: placeName(branch) })),
  };
  const failed = [session, me, places].find((query) => query.isError);

  return (
    <>
      <a className="skip" href="#main">{t("skip")}</a>
      <header className="top">
        <span className="brand">
          <img src="/icon.svg" alt="" width="24" height="24" /> <span className="brand-name">{t("app")}</span>
        </span>
        <nav aria-label={t("app")}>
          {items.map(([to, icon, name, count, keys]) => (
            <NavLink key={to} to={to} end={to === "/credit" && pathname === "/credit/request"} aria-keyshortcuts={keys.replace(" ", "+")}>
              {icon} <span>{name}</span>
              {count > 0 && <Badge count={count} size="small" overflowCount={999} title={String(count)} />}
              <kbd>{keys}</kbd>
            </NavLink>
          ))}
        </nav>
        <span className="who">
          {!me.isError && (
            <span className={live ? "live" : "live off"} role="status">
              <i aria-hidden /> <span>{live ? t("live") : t("notLive")}</span>
            </span>
          )}
          <Button type="text" size="small" onClick={() => setLanguage(language === "zh" ? "en" : "zh")} lang={language === "zh" ? "en" : "zh-CN"}>
            {t("english")}
          </Button>
          <Tooltip title={grants.map((grant) => `${pick(grant.zh, grant.en)} · ${placeName(grant.place)}`).join("\n")}>
            <span className="name">{session.data?.name}</span>
          </Tooltip>
          <Button type="text" size="small" icon={<LogoutOutlined />} aria-label={t("signOut")} onClick={() => void signOut()} />
        </span>
      </header>
      {!online && <Alert banner type="warning" title={t("offline")} role="status" />}
      <main id="main" ref={main} tabIndex={-1}>
        {failed ? (
          failed.error instanceof Problem && failed.error.status === 403 ? (
            <Alert type="warning" showIcon title={t("noRole")} />
          ) : (
            <ProblemNote error={failed.error} retry={() => void failed.refetch()} />
          )
        ) : desk && ready ? (
          <DeskContext value={desk}>
            <Outlet />
          </DeskContext>
        ) : (
          <Spin delay={300} description={t("loading")}><div className="spin" /></Spin>
        )}
      </main>
    </>
  );
}
