import "@fontsource-variable/noto-sans-sc";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { App, ConfigProvider } from "antd";
import enUS from "antd/locale/en_US";
import zhCN from "antd/locale/zh_CN";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { Problem } from "./api";
import { LanguageProvider, useSpeech } from "./language";
import { AccountPage } from "./pages/credit/AccountPage";
import { CreditDesk } from "./pages/credit/CreditDesk";
import { GoodsIssues } from "./pages/credit/GoodsIssues";
import { Imports } from "./pages/credit/Imports";
import { LetterPage } from "./pages/credit/Letters";
import { LossPage } from "./pages/credit/LossPage";
import { OpenAccount } from "./pages/credit/OpenAccount";
import { ChangeGoods, RequestGoods } from "./pages/credit/RequestGoods";
import { ShipmentPage } from "./pages/credit/ShipmentPage";
import { WarningPage } from "./pages/credit/Warnings";
import { CasePage } from "./pages/CasePage";
import { CasesPage } from "./pages/CasesPage";
import { ImportCases } from "./pages/ImportCases";
import { ImportPeople } from "./pages/ImportPeople";
import { InboxPage } from "./pages/InboxPage";
import { ReportPage } from "./pages/reports/ReportPage";
import { ReportsPage } from "./pages/reports/ReportsPage";
import { SignedOut } from "./pages/SignedOut";
import { TakeCall } from "./pages/TakeCall";
import { WorkPage } from "./pages/WorkPage";
import { Shell } from "./Shell";
import "./style.css";

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false, // everything is read anew when its changes are followed again (live.ts)
      retry: (count, error) => error instanceof Problem && error.passes && count < 3,
    },
  },
});

const router = createBrowserRouter([
  { path: "/signed-out", element: <SignedOut /> },
  {
    element: <Shell />,
    children: [
      { path: "/", element: <Navigate to="/work" replace /> },
      { path: "/call", element: <TakeCall /> },
      { path: "/work", element: <WorkPage /> },
      { path: "/cases", element: <CasesPage /> },
      { path: "/cases/imports", element: <ImportCases /> },
      { path: "/cases/:id", element: <CasePage /> },
      { path: "/reports", element: <ReportsPage /> },
      { path: "/reports/:id", element: <ReportPage /> },
      { path: "/people/imports", element: <ImportPeople /> },
      { path: "/inbox", element: <InboxPage /> },
      { path: "/credit", element: <CreditDesk /> },
      { path: "/credit/request", element: <RequestGoods /> },
      { path: "/credit/shipments/:id", element: <ShipmentPage /> },
      { path: "/credit/shipments/:id/change", element: <ChangeGoods /> },
      { path: "/credit/imports", element: <Imports /> },
      { path: "/credit/issues", element: <GoodsIssues /> },
      { path: "/credit/warnings/:id", element: <WarningPage /> },
      { path: "/credit/letters/:id", element: <LetterPage /> },
      { path: "/credit/losses/:id", element: <LossPage /> },
      { path: "/credit/accounts/new", element: <OpenAccount /> },
      { path: "/credit/accounts/:id", element: <AccountPage /> },
      { path: "*", element: <Navigate to="/work" replace /> },
    ],
  },
]);

function Root() {
  const { language } = useSpeech();
  return (
    <ConfigProvider
      csp={{ nonce }}
      locale={language === "zh" ? zhCN : enUS}
      wave={{ disabled: true }} // it ends twice where its end comes late, the second time with an error in the page
      theme={{
        token: {
          motion: false, // a button pressed during its own movement stays "loading" for whoever has it read out
          colorPrimary: "#0b5cad",
          colorInfo: "#0b5cad",
          colorLinkHover: "#084a8c", // what the library derives is lighter: too faint to read
          colorSuccess: "#067647",
          colorSuccessBg: "#ecfdf3",
          colorSuccessBorder: "#75e0a7",
          colorError: "#b42318",
          colorWarning: "#a15c00",
          colorWarningBg: "#fffaeb",
          colorWarningBorder: "#fec84b",
          colorErrorBg: "#fef3f2",
          colorErrorBorder: "#fda29b",
          colorTextDisabled: "#667085",
          colorTextPlaceholder: "#667085",
          colorTextDescription: "#475467",
          fontFamily: "inherit",
          borderRadius: 6,
          controlHeight: 34,
        },
      }}
    >
      <App message={{ top: 56 }}>
        <RouterProvider router={router} />
      </App>
    </ConfigProvider>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <LanguageProvider>
      <QueryClientProvider client={queries}>
        <Root />
      </QueryClientProvider>
    </LanguageProvider>
  </StrictMode>,
);
