// Who may do what, as the services have it (their permissions.py).
import type { Me } from "./api";

/** Roles by permission; the service decides, this only spares people what it would refuse. */
export const ROLES = {
  "credit.read": [
    "sales", "salesperson", "sales_manager", "sales_director", "area_manager", "finance", "marketing_head",
    "logistics_specialist", "warehouse_keeper", "general_manager",
  ],
  "credit.request": ["sales", "salesperson", "sales_manager", "order_agent", "logistics_specialist"],
  "credit.open_account": ["sales", "sales_manager", "finance"],
  "credit.book": ["finance"],
  "credit.read_loss": ["finance", "general_manager", "sales_director", "area_manager", "marketing_head"],
  "credit.act_on_warning": ["sales", "salesperson", "sales_manager", "sales_director", "area_manager", "finance"],
  "credit.close_warning": ["sales_manager", "sales_director", "area_manager", "finance"],
  "credit.read_letter": ["sales", "salesperson", "sales_manager", "sales_director", "area_manager", "finance", "general_manager", "legal"],
  "credit.invoice": ["finance"],
  "credit.list_issues": ["finance", "warehouse_keeper", "logistics_specialist"],
  "credit.issue_goods": ["warehouse_keeper", "logistics_specialist"],
  "complaint.take": [
    "call_centre", "group_customer_service", "hr_admin_manager", "customer_relations", "relations_specialist",
    "relations_manager", "complaint_agent", "service_agent", "operations_customer_service",
  ],
  "complaint.read_statistics": [
    "hr_admin", "hr_admin_manager", "general_manager", "department_director", "customer_relations", "relations_manager",
    "operations_customer_service", "property_manager", "division_manager", "brand_division", "group_customer_service",
    "vp_operations", "ceo",
  ],
  "complaint.fill_in_statistics": ["hr_admin", "hr_admin_manager"],
  "staff.people": ["administrator", "hr_admin", "hr_admin_manager"],
} as const;

export function may(me: Me, permission: keyof typeof ROLES): boolean {
  const roles: readonly string[] = ROLES[permission];
  return me.grants.some((grant) => roles.includes(grant.role));
}
