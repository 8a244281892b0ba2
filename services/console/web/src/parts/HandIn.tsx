import type { ComponentProps, ReactNode } from "react";
import { useSearchParams } from "react-router";
import { FileIn } from "./FileIn";
import { PastLists } from "./PastLists";

type Handed = Omit<ComponentProps<typeof FileIn>, "shown" | "show"> & { title: string; head?: ReactNode };

/** A kind of table with its title: handed in here, tried first, and what was handed in before. */
export function HandIn({ title, head, ...of }: Handed) {
  const [query, setQuery] = useSearchParams();
  const handed = {
    shown: query.get("import"),
    show: (id: string) => setQuery((before) => { before.set("import", id); return before; }, { replace: true }),
  };
  return (
    <>
      <section className="card" aria-labelledby="imports-title">
        <h1 id="imports-title">{title}</h1>
        {head}
        <FileIn key={of.table} {...of} {...handed} />
      </section>
      <PastLists key={`past-${of.table}`} table={of.table} {...handed} />
    </>
  );
}
