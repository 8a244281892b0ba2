import { Button } from "antd";
import { useSearchParams } from "react-router";
import { useSpeech } from "../language";

export function SignedOut() {
  const { t } = useSpeech();
  const [query] = useSearchParams();
  const why = query.get("why") ?? "done";
  const failed = why !== "done";
  return (
    <main id="main" className="centre">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <h1>{failed ? t("signInFailed") : t("signedOut")}</h1>
      {failed && <p>{t("signInFailedHint")}<code>{why.replace(/[^a-z-]/g, "").slice(0, 40)}</code></p>}
      <Button type="primary" size="large" href="/auth/sign-in" autoFocus>{t("signIn")}</Button>
    </main>
  );
}
