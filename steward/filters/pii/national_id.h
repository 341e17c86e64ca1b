#pragma once

#include <string_view>

namespace steward::filters::pii {

/// A form of identity number. The text is folded.
struct IdRule {
  std::string_view country;                    ///< ISO 3166-1 alpha-2, folded
  std::string_view shapes;                     ///< lengths of the groups, shapes apart by '|': "11|2 3 3 3"
  std::string_view joints;                     ///< separators that may stand between groups
  std::string_view context;                    ///< words apart by '|', one of which must stand before it on its line; empty: none needed
  bool (*check)(std::string_view characters);  ///< without separators
};

/// Numbers of persons with their checksums, as the issuing offices publish them; the test's oracle is python-stdnum.
bool is_us_ssn(std::string_view id);
bool is_gb_nino(std::string_view id);
bool is_gb_nhs(std::string_view id);
bool is_de_tax_id(std::string_view id);
bool is_fr_nir(std::string_view id);
bool is_es_dni(std::string_view id);
bool is_it_codice_fiscale(std::string_view id);
bool is_nl_bsn(std::string_view id);
bool is_be_nn(std::string_view id);
bool is_pl_pesel(std::string_view id);
bool is_se_personnummer(std::string_view id);
bool is_fi_hetu(std::string_view id);
bool is_no_fodselsnummer(std::string_view id);
bool is_dk_cpr(std::string_view id);
bool is_pt_nif(std::string_view id);
bool is_br_cpf(std::string_view id);
bool is_cl_rut(std::string_view id);
bool is_mx_curp(std::string_view id);
bool is_ca_sin(std::string_view id);
bool is_au_tfn(std::string_view id);
bool is_in_aadhaar(std::string_view id);
bool is_in_pan(std::string_view id);
bool is_cn_resident_id(std::string_view id);
bool is_kr_rrn(std::string_view id);
bool is_jp_my_number(std::string_view id);
bool is_tr_tckn(std::string_view id);
bool is_za_id(std::string_view id);
bool is_sg_nric(std::string_view id);
bool is_passport(std::string_view id);

}  // namespace steward::filters::pii
