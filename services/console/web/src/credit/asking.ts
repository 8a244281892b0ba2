// How the credit pages ask: what is open on a screen is asked again by itself, and at once after a step.
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { ask, Problem, type Approval, type Page } from "../api";
import { resolved } from "../parts/customers";
import { CREDIT, type Account, type Shipment, type Standing } from "./api";

/** how often what is on the screen is asked anew, in ms: a page that nobody looks at asks nothing */
export const LIVE = 4_000;
export const LIVE_LIST = 8_000;

export const useShipment = (id: string) =>
  useQuery({
    queryKey: ["credit", "shipment", id], refetchInterval: LIVE,
    queryFn: ({ signal }) => ask<Shipment>(`${CREDIT}/shipments/${encodeURIComponent(id)}`, { signal }),
  });

export const useAccount = (id: string | undefined) =>
  useQuery({
    queryKey: ["credit", "account", id], enabled: id !== undefined, refetchInterval: LIVE_LIST,
    queryFn: ({ signal }) => ask<Account>(`${CREDIT}/accounts/${encodeURIComponent(id!)}`, { signal }),
  });

export const useStanding = (id: string | undefined) =>
  useQuery({
    queryKey: ["credit", "standing", id], enabled: id !== undefined, refetchInterval: LIVE_LIST,
    queryFn: ({ signal }) => ask<Standing>(`${CREDIT}/accounts/${encodeURIComponent(id!)}/standing`, { signal }),
  });

export const useSignatures = (subject: string) =>
  useQuery({
    queryKey: ["credit", "approvals", subject], refetchInterval: LIVE,
    queryFn: ({ signal }) => ask<Page<Approval>>(`${CREDIT}/approvals?limit=20&subject=${encodeURIComponent(subject)}`, { signal }),
  });

/** Everything of credit that is on the screen is read anew. */
export async function renew(queries: QueryClient): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: ["credit"] }), queries.invalidateQueries({ queryKey: ["work"] })]);
}

/** A step sent once whatever the clerk or the network does; what is on the screen follows it. */
export function useStep<V>(send: (values: V, key: string) => Promise<unknown>, done?: () => void) {
  const queries = useQueryClient();
  const key = useRef(crypto.randomUUID());
  const sent = useRef<string | null>(null);
  return useMutation({
    mutationFn: (values: V) => {
      const now = JSON.stringify(values) ?? "";
      if (sent.current !== null && sent.current !== now) key.current = crypto.randomUUID(); // other content is another request
      sent.current = now;
      return send(values, key.current);
    },
    onSuccess: () => {
      key.current = crypto.randomUUID();
      void renew(queries);
      done?.();
    },
    onError: (error) => {
      if (error instanceof Problem && error.passes) return; // the same may be sent again, under the same key
      key.current = crypto.randomUUID();
      void renew(queries);
    },
  });
}

/** Who the ids on the screen are, masked; nobody for whom that is not allowed. Each look is on record at the customer service. */
export function useNames(ids: string[]): (id: string) => string {
  const wanted = [...new Set(ids)].sort().slice(0, 100);
  const found = useQuery({
    queryKey: ["names", wanted], enabled: wanted.length > 0, staleTime: 600_000, retry: false,
    queryFn: async ({ signal }) => {
      try {
        return new Map((await resolved(wanted, signal)).map((one) => [one.id, one.name]));
      } catch (error) {
        if (error instanceof Problem) return new Map<string, string>();
        throw error;
      }
    },
  });
  return (id) => found.data?.get(id) ?? id.slice(0, 18);
}
