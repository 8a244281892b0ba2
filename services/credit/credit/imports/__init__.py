"""The files of bank and ERP: each row one document, booked by the path of all others (P02.4)."""
