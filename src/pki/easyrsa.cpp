#include "pki/easyrsa.h"

namespace adit::pki {

// The names of sections and variables are easy-rsa's, and so are the lines with '%', which it
// replaces by what an option of its asks for.
// source: easy-rsa 3.1, observed
std::string_view easyrsa_settings() {
  return R"(# Settings with which easy-rsa 3 can work in this directory. adit does not read them.

[ ca ]
default_ca = CA_default

[ CA_default ]
dir = $ENV::EASYRSA_PKI
database = $dir/index.txt
new_certs_dir = $dir/certs_by_serial
certificate = $dir/ca.crt
private_key = $dir/private/ca.key
serial = $dir/serial
crl = $dir/crl.pem
default_days = $ENV::EASYRSA_CERT_EXPIRE
default_crl_days = $ENV::EASYRSA_CRL_DAYS
default_md = $ENV::EASYRSA_DIGEST
x509_extensions = basic_exts
crl_extensions = crl_ext
policy = policy_anything
preserve = no
unique_subject = no
#%COPY_EXTS%

[ policy_anything ]
commonName = supplied
countryName = optional
stateOrProvinceName = optional
localityName = optional
organizationName = optional
organizationalUnitName = optional
name = optional
emailAddress = optional

[ req ]
default_bits = $ENV::EASYRSA_KEY_SIZE
default_md = $ENV::EASYRSA_DIGEST
distinguished_name = $ENV::EASYRSA_DN
x509_extensions = easyrsa_ca
#%EXTRA_EXTS%

[ cn_only ]
commonName = Common name
commonName_default = $ENV::EASYRSA_REQ_CN
commonName_max = 64

[ org ]
countryName = Country, two letters
countryName_default = $ENV::EASYRSA_REQ_COUNTRY
countryName_min = 2
countryName_max = 2
stateOrProvinceName = State or province
stateOrProvinceName_default = $ENV::EASYRSA_REQ_PROVINCE
localityName = City
localityName_default = $ENV::EASYRSA_REQ_CITY
0.organizationName = Organization
0.organizationName_default = $ENV::EASYRSA_REQ_ORG
organizationalUnitName = Unit
organizationalUnitName_default = $ENV::EASYRSA_REQ_OU
commonName = Common name
commonName_default = $ENV::EASYRSA_REQ_CN
commonName_max = 64
emailAddress = Email address
emailAddress_default = $ENV::EASYRSA_REQ_EMAIL
emailAddress_max = 64

[ basic_exts ]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always

[ easyrsa_ca ]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
keyUsage = critical,keyCertSign,cRLSign
#%CA_X509_TYPES_EXTRA_EXTS%

[ crl_ext ]
authorityKeyIdentifier = keyid:always,issuer:always
)";
}

}  // namespace adit::pki
