"""Directories of certificates as other tools leave them.

    easy_rsa_3(folder)       made by the real one
    easy_rsa_2(folder)       laid out as 2.0 lays it out, by the commands of its scripts
    loose(folder, easy_rsa_2(other), with_key=False)
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from keys import call

EASY_RSA = Path("/usr/share/easy-rsa/easyrsa")
REVOKED = "gone"  # a client whose certificate is revoked
PEOPLE = {"server": "server", "client1": "client", "client2": "client", REVOKED: "client"}

# source: easy-rsa 2.0, openssl.cnf
SETTINGS = """
[ ca ]
default_ca = CA_default
[ CA_default ]
dir = {folder}
certs = $dir
crl_dir = $dir
database = $dir/index.txt
new_certs_dir = $dir
certificate = $dir/ca.crt
serial = $dir/serial
crl = $dir/crl.pem
private_key = $dir/ca.key
default_days = 3650
default_crl_days = 30
default_md = {digest}
preserve = no
policy = policy_anything
[ policy_anything ]
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
name = optional
emailAddress = optional
[ req ]
distinguished_name = req_dn
[ req_dn ]
[ client ]
basicConstraints = CA:FALSE
nsComment = "Easy-RSA Generated Certificate"
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always
extendedKeyUsage = clientAuth
keyUsage = digitalSignature
[ server ]
basicConstraints = CA:FALSE
nsCertType = server
nsComment = "Easy-RSA Generated Server Certificate"
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always
extendedKeyUsage = serverAuth
keyUsage = digitalSignature, keyEncipherment
[ v3_ca ]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
basicConstraints = CA:true
"""
SUBJECT = "/C=US/ST=CA/L=SanFrancisco/O=Fort-Funston/CN={}/name={}/emailAddress=me@myhost.mydomain"


@dataclass(frozen=True)
class Age:
    """How old a directory of easy-rsa 2.0 is. start, end: of its certificates, YYYYMMDDHHMMSSZ."""

    digest: str = "sha256"
    bits: int = 2048
    start: str = ""
    end: str = ""

    def dates(self) -> tuple[str, ...]:
        return ("-startdate", self.start, "-enddate", self.end) if self.start else ()


TODAY = Age()
OF_2011 = Age("sha1", 1024, "20110301120000Z", "20210226120000Z")


def easy_rsa_3(folder: Path, people: dict[str, str] = PEOPLE) -> Path:
    """The pki folder that easy-rsa makes below the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pki = folder / "pki"
    easyrsa(pki, "init-pki")
    easyrsa(pki, "build-ca", "nopass", env={"EASYRSA_REQ_CN": "easy-rsa 3 CA"})
    for name, kind in people.items():
        easyrsa(pki, f"build-{kind}-full", name, "nopass")
    if REVOKED in people:
        keep_revoked(pki / f"issued/{REVOKED}.crt", pki / f"private/{REVOKED}.key", folder)
        easyrsa(pki, "revoke", REVOKED)
    easyrsa(pki, "gen-crl")
    return pki


def easyrsa(pki: Path, *words: str, env: dict[str, str] | None = None) -> str:
    about = {"EASYRSA_PKI": str(pki), "EASYRSA_BATCH": "1", **(env or {})}
    return call(EASY_RSA, *words, env=about)


def keep_revoked(certificate: Path, key: Path, folder: Path) -> None:
    """What a thief would have."""
    shutil.copy(certificate, folder / "stolen.crt")
    shutil.copy(key, folder / "stolen.key")


def easy_rsa_2(folder: Path, age: Age = TODAY) -> Path:
    """A keys folder: clean-all, build-ca, build-key-server, build-key, revoke-full."""
    keys = folder / "keys"
    keys.mkdir(parents=True)
    settings = folder / "openssl.cnf"
    settings.write_text(SETTINGS.format(folder=keys, digest=age.digest))
    (keys / "index.txt").write_text("")
    (keys / "serial").write_text("01\n")
    request(keys, "ca", "Fort-Funston CA", age)
    sign = ("openssl", "ca", "-batch", "-notext", "-config", settings, *age.dates())
    days = () if age.start else ("-days", 3650)
    call(*sign, *days, "-selfsign", "-keyfile", keys / "ca.key", "-create_serial", "-extensions",
         "v3_ca", "-in", keys / "ca.csr", "-out", keys / "ca.crt")
    for file in (*keys.glob("*.pem"), keys / "ca.csr"):
        file.unlink()
    (keys / "index.txt").write_text("")
    (keys / "serial").write_text("01\n")
    for name, kind in PEOPLE.items():
        request(keys, name, name, age)
        call(*sign, *days, "-extensions", kind, "-in", keys / f"{name}.csr", "-out",
             keys / f"{name}.crt")
    keep_revoked(keys / f"{REVOKED}.crt", keys / f"{REVOKED}.key", folder)
    call("openssl", "ca", "-config", settings, "-revoke", keys / f"{REVOKED}.crt")
    call("openssl", "ca", "-config", settings, "-gencrl", "-out", keys / "crl.pem")
    (keys / "dh2048.pem").write_text("-----BEGIN DH PARAMETERS-----\n")
    return keys


def request(keys: Path, file: str, name: str, age: Age) -> None:
    call("openssl", "req", "-new", "-nodes", "-newkey", f"rsa:{age.bits}", "-subj",
         SUBJECT.format(name, name), "-keyout", keys / f"{file}.key", "-out", keys / f"{file}.csr")


def loose(folder: Path, keys: Path, with_key: bool) -> Path:
    """Only what people carry from host to host: no index, no serials."""
    folder.mkdir(parents=True)
    wanted = ["ca.crt", "crl.pem", *(f"{name}.{end}" for name in PEOPLE for end in ("crt", "key"))]
    for file in wanted + (["ca.key"] if with_key else []):
        shutil.copy(keys / file, folder / file)
    return folder


def everything_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
