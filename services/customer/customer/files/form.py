"""What a customer file is opened with (客户基本信息表, P01.2)."""

from __future__ import annotations

from typing import Annotated

from chassis.fields import IdNumber, Mail, Phone, Plate, Slug, Vin, no_nul
from chassis.problems import Invalid
from chassis.wrong import Wrong
from contracts.customer import CustomerClass, CustomerKind, TokenKind
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(no_nul)]
Vin6 = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-HJ-NPR-Za-hj-npr-z0-9]{6}$")]


class Part(BaseModel):
    """A part of a form: nothing in it that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Vehicle(Part):
    """A vehicle of the customer."""

    model: Line
    plate: Plate | None = None
    vin: Vin | None = None


class Personal(Part):
    """What a file says of its customer; all of it is kept sealed."""

    name: Line
    phones: Annotated[list[Phone], Field(min_length=1, max_length=10)]
    mail: Mail | None = None
    id_number: IdNumber | None = None
    address: Line | None = None
    enterprise_nature: Annotated[Line, Field(description="企业性质")] | None = None
    supervising_unit: Annotated[Line, Field(description="主管单位")] | None = None
    contact_person: Line | None = None
    vehicles: Annotated[list[Vehicle], Field(max_length=50)] = []

    def values(self) -> list[tuple[TokenKind, str]]:
        """What the customer is found by, as written."""
        found = [(TokenKind.PHONE, phone) for phone in self.phones]
        for vehicle in self.vehicles:
            found += [(TokenKind.PLATE, vehicle.plate)] if vehicle.plate else []
            found += [(TokenKind.VIN, vehicle.vin), (TokenKind.VIN6, vehicle.vin)] if vehicle.vin else []
        found += [(TokenKind.ID_NUMBER, self.id_number)] if self.id_number else []
        found += [(TokenKind.MAIL, self.mail)] if self.mail else []
        return found


#: the standard fields of an organisation; of a person name and phone are enough (P01.2)
OF_ORGANISATIONS = ("enterprise_nature", "supervising_unit", "address", "contact_person")


def check_fields(kind: CustomerKind, personal: Personal, customer_class: CustomerClass | None) -> None:
    """Refuse the file of an organisation that lacks a standard field (P01.2)."""
    if kind is CustomerKind.PERSON:
        return
    lacking = [name for name in OF_ORGANISATIONS if getattr(personal, name) is None]
    if customer_class is None:
        lacking = ["customer_class", *lacking]
    if lacking:
        raise Invalid(
            "The file of an organisation has its standard fields.",
            errors=[Wrong.MISSING.at(f"/{name}", "required of an organisation") for name in lacking],
            rules=("P01.2",),
        )


class Override(Part):
    """Someone has looked at the candidates and says that this is another customer."""

    reason: Line


class CustomerForm(Personal):
    """A new customer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "person",
                    "branch": "sh-pudong",
                    "customer_class": "general",
                    "name": "王芳",
                    "phones": ["138 0000 0000", "021-5555 0000"],
                    "vehicles": [{"model": "轩逸", "plate": "沪A·12345"}],
                }
            ]
        }
    )

    kind: CustomerKind
    branch: Slug
    customer_class: CustomerClass | None = None
    override: Annotated[Override, Field(description="register although there are candidates")] | None = None

    @property
    def personal(self) -> Personal:
        """What goes into the sealed part."""
        return Personal.model_construct(**{name: getattr(self, name) for name in Personal.model_fields})
