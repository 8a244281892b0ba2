// What changes is told by the services as it happens; after a break everything is read anew.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Counts } from "./api";
import { hasRead, OF_A_CASE } from "./parts/refresh";

/** Follow the caller's work and inbox, and everybody's work on the case that is open; whether the connection stands. */
export function useLive(enabled: boolean, subject: string | undefined): boolean {
  const queries = useQueryClient();
  const [live, setLive] = useState(false);

  useEffect(() => {
    if (!enabled) return;
    const work = new EventSource(`/api/console/v1/work/stream${subject ? `?subject=${subject}` : ""}`);
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
    // one stream took the place of another: what came between them is read
    let broken = subject !== undefined;
    work.addEventListener("open", () => {
      setLive(true);
      if (broken) anew();
      broken = false;
    });
    work.addEventListener("error", () => {
      broken = true;
      setLive(false);
    });
    work.addEventListener("counts", (event) => {
      queries.setQueryData(["counts"], JSON.parse((event as MessageEvent<string>).data) as Counts);
    });
    work.addEventListener("changed", changed as EventListener);
    work.addEventListener("anew", anew);
    return () => work.close();
  }, [enabled, queries, subject]);

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

  return live;
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
