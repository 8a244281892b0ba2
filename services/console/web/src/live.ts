// What changes is told by the services as it happens; after a break everything is read anew.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Counts } from "./api";
import { hasRead, OF_A_CASE } from "./parts/refresh";

/** how long a page waits for the connection before it reads without it, in ms */
const PATIENCE = 3_000;
/** after which a connection that was refused is tried again: the browser itself only mends one that broke */
const AGAIN = 10_000;

interface Live {
  /** whether the connection stands */
  live: boolean;
  /** whether what is read from now on is followed, or has to be read without: a page reads once, when this is so */
  ready: boolean;
}

/** Follow the caller's work and inbox, and everybody's work on the case that is open. */
export function useLive(enabled: boolean, subject: string | undefined): Live {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);
  const [settled, settle] = useState<{ subject: string | undefined }>();
  const [times, setTimes] = useState(0);

  useEffect(() => {
    if (!enabled) return;
    const work = new EventSource(`/api/console/v1/work/stream${subject ? `?subject=${subject}` : ""}`);
    const go = () => settle({ subject });
    const patience = window.setTimeout(go, PATIENCE);
    let again: number | undefined;
    const anew = () => {
      for (const name of ["work", "credit", ...OF_A_CASE]) {
        void queries.invalidateQueries({ queryKey: [name] });
      }
    };
    const read = async (about: string, instants: (string | null)[]) => {
      if (await hasRead(about, instants)) return; // it comes of a step that was taken here
      for (const name of OF_A_CASE) void queries.invalidateQueries({ queryKey: [name, about] });
    };
    // of cases only those that are spoken of: a manager's work changes all the time, the open case does not
    const changed = (event: MessageEvent<string>) => {
      const { subjects, at } = JSON.parse(event.data) as { subjects: string[]; at: Record<string, (string | null)[]> };
      for (const name of ["work", "credit"]) void queries.invalidateQueries({ queryKey: [name] });
      for (const about of subjects) void read(about, at[about] ?? [null]);
    };
    // the first word of a connection comes when it is followed: all that was read before is read anew, with it what
    // that word tells of as missed
    let first = true;
    let covered = false;
    work.addEventListener("open", () => {
      first = true;
      setLive(true);
    });
    work.addEventListener("error", () => {
      setLive(false);
      go();
      if (work.readyState === EventSource.CLOSED) again = window.setTimeout(() => setTimes((before) => before + 1), AGAIN);
    });
    work.addEventListener("counts", (event) => {
      queries.setQueryData(["counts"], JSON.parse((event as MessageEvent<string>).data) as Counts);
      covered = first;
      if (first) anew();
      first = false;
      go();
    });
    work.addEventListener("changed", (event) => { if (!covered) changed(event as MessageEvent<string>); });
    work.addEventListener("anew", () => { if (!covered) anew(); });
    return () => {
      work.close();
      window.clearTimeout(patience);
      window.clearTimeout(again);
    };
  }, [enabled, queries, subject, times]);

  useEffect(() => {
    if (!enabled) return;
    const inbox = new EventSource("/api/notify/v1/inbox/stream");
    const changed = () => {
      void queries.invalidateQueries({ queryKey: ["inbox"] });
      void queries.invalidateQueries({ queryKey: ["inbox-counts"] });
    };
    inbox.addEventListener("notice", changed);
    inbox.addEventListener("counts", changed);
    return () => inbox.close();
  }, [enabled, queries]);

  return { live, ready: settled !== undefined && settled.subject === subject };
}

export function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    window.addEventListener("online", look);
    window.addEventListener("offline", look);
    return () => {
      window.removeEventListener("online", look);
      window.removeEventListener("offline", look);
    };
  }, []);
  return online;
}
