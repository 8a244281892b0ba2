"""The one vocabulary of roles: posts, departments and bodies of the group, and what machines may do."""

from __future__ import annotations

from enum import StrEnum

from contracts.enums import Worded


class Role(Worded):
    """A post, a department or a body that can hold a permission; `zh` and `en` are its names."""

    # top management and bodies
    GENERAL_MANAGER = "general_manager", "总经理", "general manager"
    GM_OFFICE_MEETING = "gm_office_meeting", "总经理办公会议", "general manager's office meeting"
    TOP_MANAGEMENT = "top_management", "公司高层", "top management"
    COMPANY_LEADERSHIP = "company_leadership", "公司领导", "company leadership"
    EXECUTIVE_CHAIR = "executive_chair", "执行委员会主席", "chair of the executive committee"
    VP_OPERATIONS = "vp_operations", "运营副总裁", "vice president operations"
    CEO = "ceo", "首席执行官", "chief executive officer"
    HOSPITAL_LEADERSHIP = "hospital_leadership", "院级领导", "hospital leadership"
    CRISIS_GROUP = "crisis_group", "4S店危机处理小组", "dealership crisis group"
    MARKETING_HEAD_COMPANY = "marketing_head_company", "营销总公司", "marketing head company"
    COMPANY_OFFICE = "company_office", "公司办公室", "company office"
    MANAGEMENT_CENTRE = "management_centre", "管理中心", "management centre"

    # directors, managers, supervisors
    DEPARTMENT_DIRECTOR = "department_director", "部门总监", "department director"
    SALES_DIRECTOR = "sales_director", "销售总监", "sales director"
    SALES_MANAGER = "sales_manager", "销售经理", "sales manager"
    CUSTOMER_DIRECTOR = "customer_director", "客户总监", "customer director"
    DEPARTMENT_MANAGER = "department_manager", "部门经理", "department manager"
    BUSINESS_DEPARTMENT_MANAGER = (
        "business_department_manager",
        "业务部门经理",
        "manager of a business department",
    )
    DEPARTMENT_HEAD = "department_head", "部门负责人", "head of department"
    DEPARTMENT_SUPERVISOR = "department_supervisor", "部门主管", "department supervisor"
    BUSINESS_LEAD = "business_lead", "业务负责人", "business lead"
    AREA_MANAGER = "area_manager", "区域经理", "area manager"
    MARKETING_HEAD = "marketing_head", "市场部部长", "head of the marketing department"
    DIVISION_MANAGER = "division_manager", "GPS事业部经理", "GPS division manager"
    PROPERTY_MANAGER = "property_manager", "物业经理", "property manager"
    HR_ADMIN_MANAGER = "hr_admin_manager", "人事行政经理", "HR-admin manager"
    CUSTOMER_SERVICE_MANAGER = "customer_service_manager", "客户服务部经理", "customer-service manager"
    CUSTOMER_SERVICE_SUPERVISOR = "customer_service_supervisor", "客服主管", "customer-service supervisor"
    INFORMATION_SUPERVISOR = "information_supervisor", "客户信息主管", "customer-information supervisor"
    RELATIONS_MANAGER = "relations_manager", "客户关系部经理", "customer-relations manager"

    # departments and groups
    BUSINESS_DEPARTMENT = "business_department", "业务部门", "business department"
    MARKETING_PROMOTION = "marketing_promotion", "市场推广部", "marketing promotion department"
    MARKETING = "marketing", "市场部", "marketing department"
    TECHNICAL = "technical", "技术部", "technical department"
    SALES = "sales", "销售部", "sales department"
    AFTER_SALES = "after_sales", "售后部", "after-sales department"
    JOINT_OPERATIONS_OFFICE = "joint_operations_office", "人事部联营办", "joint-operations office of HR"
    FINANCE = "finance", "财务部门", "finance"
    CUSTOMER_SERVICE = "customer_service", "客户服务部", "customer-service department"
    ORDER_GROUP = "order_group", "订单组", "order group"
    COMPLAINT_GROUP = "complaint_group", "投诉组", "complaint group"
    SERVICE_GROUP = "service_group", "客服组", "service group"
    PROPERTY = "property", "物业部", "property department"
    CUSTOMER_RELATIONS = "customer_relations", "客户关系部", "customer-relations department"
    CALL_CENTRE = "call_centre", "集团呼叫中心", "group call centre"
    GROUP_CUSTOMER_SERVICE = "group_customer_service", "集团客服部", "group customer-service department"
    BRAND_DIVISION = "brand_division", "品牌事业部/管理部", "brand division or management department"
    LEGAL = "legal", "法务部", "legal department"
    CUSTOMER_CARE = "customer_care", "客户关爱部", "customer-care department"
    GPS_DIVISION = "gps_division", "GPS事业部", "GPS division"
    HR_ADMIN = "hr_admin", "人事行政部", "HR-admin department"
    OPERATIONS_CUSTOMER_SERVICE = (
        "operations_customer_service",
        "营运部客服",
        "operations customer service",
    )

    # posts
    SALESPERSON = "salesperson", "业务员", "salesperson"
    MARKETING_ADMINISTRATOR = "marketing_administrator", "市场管理人员", "marketing administrator"
    DEVELOPMENT_SPECIALIST = "development_specialist", "客户开发专员", "customer-development specialist"
    INFORMATION_SPECIALIST = "information_specialist", "客户信息专员", "customer-information specialist"
    SERVICE_AGENT = "service_agent", "客服人员", "service agent"
    COMPLAINT_AGENT = "complaint_agent", "投诉受理人员", "complaint agent"
    ORDER_AGENT = "order_agent", "订单受理人员", "order agent"
    CALL_BACK_AGENT = "call_back_agent", "专职回访员", "full-time call-back agent"
    ATTENDING_DOCTOR = "attending_doctor", "主治医生", "attending doctor"
    SPECIALIST_DOCTOR = "specialist_doctor", "各科专家", "specialist doctor"
    PROPERTY_STAFF = "property_staff", "物业员工", "property staff"
    FRONT_DESK = "front_desk", "前台人员", "front desk"
    LOGISTICS_SPECIALIST = "logistics_specialist", "物流专员", "logistics specialist"
    WAREHOUSE_KEEPER = "warehouse_keeper", "库管", "warehouse keeper"
    SALES_CONSULTANT = "sales_consultant", "销售顾问", "sales consultant"
    SERVICE_ADVISER = "service_adviser", "服务顾问", "service adviser"
    RELATIONS_SPECIALIST = "relations_specialist", "客户关系专员", "customer-relations specialist"
    ARCHIVIST = "archivist", "客户档案管理员", "archivist"
    TECHNICIAN = "technician", "安装维修人员", "installation and repair technician"
    CONTRACTOR = "contractor", "外协厂家", "outside contractor"

    # who runs the system
    ADMINISTRATOR = "administrator", "系统管理员", "system administrator"


class Scope(StrEnum):
    """What a machine may do under its own token; each names its purpose."""

    CUSTOMER_RESOLVE = "customer.resolve"
    CUSTOMER_ADDRESS = "customer.address"
    CUSTOMER_REGISTER = "customer.register"
    COMPLAINT_TAKE = "complaint.take"
    COMPLAINT_READ = "complaint.read"
    COMPLAINT_DETAIL = "complaint.detail"
    COMPLAINT_DOSSIER = "complaint.dossier"
    STAFF_REACH = "staff.reach"
    STAFF_RESOLVE = "staff.resolve"
    ARCHIVE_READ = "archive.read"
    ARCHIVE_FILE = "archive.file"
    ARCHIVE_PROVIDE = "archive.provide"
    CREDIT_IMPORT = "credit.import"
    CREDIT_SHIP = "credit.ship"
    NOTIFY_SUBSCRIBE = "notify.subscribe"
