import { Tag } from "antd";
import { Link } from "react-router";
import type { CaseLine } from "../api";
import { useSpeech } from "../language";
import { Place } from "./Place";

/** Cases as lines: no person in them. */
export function Cases({ cases, label }: { cases: CaseLine[]; label: string }) {
  const { code, when, t } = useSpeech();
  return (
    <ul className="lines" aria-label={label}>
      {cases.map((one) => (
        <li key={one.id}>
          <Link to={`/cases/${one.id}`} className="line">
            <span className="line-head">
              <b className="number">{one.number}</b>
              <Tag>{code(one.state)}</Tag>
              {one.serious && <Tag color="error">{t("seriousTag")}</Tag>}
              <span className="quiet"><Place of={one.branch} /> · {when(one.taken_at)}</span>
            </span>
            <span className="line-text">
              {one.brand} {one.series} · {one.text}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
