"""Who may open what: patients, booking one course or several, and the jobs that plan."""

from typing import Final

from planner.web.admitted.who import Table

ADMITTED: Final[Table] = {
    "reception.patients": "staff",
    "reception.new_patient": "staff",
    "reception.patient": "staff",
    "reception.edit_patient": "staff",
    "reception.link": "staff",
    "reception.end_link": "staff",
    "reception.begin_booking": "staff",
    "reception.add_and_book": "staff",
    "reception.book": "staff",
    "reception.book_several": "reception",
    "reception.job": "reception",
    "reception.stop_job": "reception",
    "reception.job_again": "reception",
    "reception.apply_job": "reception",
}
