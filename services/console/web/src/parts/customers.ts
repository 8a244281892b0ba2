import { ask, type CustomerLine, type Page, type Resolved } from "../api";

/** By what a customer is sought; in a body, since addresses are logged. */
export type SoughtBy = "phone" | "plate" | "vin" | "id_number" | "mail";

/** The customers of these ids, masked, in their order; who is out of reach is left out. Each look is on record. */
export async function resolved(ids: string[], signal?: AbortSignal): Promise<Resolved[]> {
  if (ids.length === 0) return [];
  return (await ask<{ customers: Resolved[] }>("/api/customer/v1/customers/resolve", { method: "POST", body: { ids }, ...(signal ? { signal } : {}) })).customers;
}

/** Whose phone, plate and so on it is, masked: those within reach. */
export async function customersOf(sought: Partial<Record<SoughtBy, string>>, signal?: AbortSignal): Promise<Resolved[]> {
  const found = await ask<Page<CustomerLine>>("/api/customer/v1/customers/search?limit=5", { method: "POST", body: sought, ...(signal ? { signal } : {}) });
  return resolved(found.items.map((one) => one.id), signal);
}
