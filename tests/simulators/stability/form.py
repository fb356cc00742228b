"""Strict parsing of `multipart/form-data`: only text fields, each once."""

from __future__ import annotations

from email import policy
from email.parser import BytesParser

from simulators.charges import Call
from simulators.stability.errors import bad_request


def read_form(call: Call) -> dict[str, str]:
    """Return the fields of a call's body.

    Raises:
        Refused: it is not a form, or a part is not a text field.
    """
    content_type = call.headers.get("content-type", "")
    document = f"Content-Type: {content_type}\r\n\r\n".encode() + call.raw
    form = BytesParser(policy=policy.HTTP).parsebytes(document)
    if form.get_content_type() != "multipart/form-data" or form.defects or not form.is_multipart():
        raise bad_request("content-type: must be multipart/form-data")
    fields: dict[str, str] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if not isinstance(name, str) or name in fields or not isinstance(data, bytes) or part.get_filename():
            raise bad_request("the form must hold text fields, each once")
        try:
            fields[name] = data.decode()
        except UnicodeDecodeError as error:
            raise bad_request(f"{name}: must be UTF-8") from error
    return fields
