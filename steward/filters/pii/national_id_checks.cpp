#include <algorithm>
#include <array>
#include <initializer_list>

#include "steward/filters/pii/digits.h"
#include "steward/filters/pii/national_id.h"

namespace steward::filters::pii {
namespace {

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_ascii_digit); }
int digit(std::string_view text, std::size_t at) { return text[at] - '0'; }

/// The number in text[at, at + count).
int number(std::string_view text, std::size_t at, std::size_t count) {
  int out = 0;
  for (std::size_t i = 0; i < count; ++i) out = out * 10 + digit(text, at + i);
  return out;
}

bool is_date(int day, int month) { return day >= 1 && day <= 31 && month >= 1 && month <= 12; }

/// Sum of the first digits, each times its weight.
int weighted(std::string_view text, std::initializer_list<int> weights) {
  int sum = 0;
  std::size_t at = 0;
  for (const int weight : weights) sum += weight * digit(text, at++);
  return sum;
}

/// a: letter, 9: digit, *: either.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fits = form[i] == 'a' ? is_ascii_letter(text[i]) : form[i] == '9' ? is_ascii_digit(text[i]) : is_ascii_alnum(text[i]);
    if (!fits) return false;
  }
  return true;
}

bool all_same(std::string_view text) { return text.find_first_not_of(text[0]) == std::string_view::npos; }

}  // namespace

bool is_us_ssn(std::string_view id) {
  if (!all_digits(id)) return false;
  const int area = number(id, 0, 3);
  return area != 0 && area != 666 && area < 900 && number(id, 3, 2) != 0 && number(id, 5, 4) != 0;
}

bool is_gb_nino(std::string_view id) {
  if (!has_form(id, "aa999999a")) return false;
  constexpr std::array<std::string_view, 7> kUnused = {"bg", "gb", "nk", "kn", "tn", "nt", "zz"};
  if (std::find(kUnused.begin(), kUnused.end(), id.substr(0, 2)) != kUnused.end()) return false;
  return std::string_view("dfiquv").find(id[0]) == std::string_view::npos &&
         std::string_view("dfiquvo").find(id[1]) == std::string_view::npos && id[8] <= 'd';
}

bool is_gb_nhs(std::string_view id) {
  if (!all_digits(id)) return false;
  const int check = 11 - weighted(id, {10, 9, 8, 7, 6, 5, 4, 3, 2}) % 11;
  return check % 11 == digit(id, 9) && check != 10;
}

/// ISO 7064 MOD 11,10; of the first ten digits one stands twice or three times, none more often.
bool is_de_tax_id(std::string_view id) {
  if (!all_digits(id) || id[0] == '0') return false;
  std::array<int, 10> counts{};
  for (std::size_t i = 0; i < 10; ++i) ++counts[static_cast<std::size_t>(digit(id, i))];
  const auto twice = std::count(counts.begin(), counts.end(), 2), thrice = std::count(counts.begin(), counts.end(), 3);
  if (!((twice == 1 && thrice == 0) || (thrice == 1 && twice == 0)) || *std::max_element(counts.begin(), counts.end()) > 3) return false;
  int product = 10;
  for (std::size_t i = 0; i < 10; ++i) {
    int sum = (digit(id, i) + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (11 - product) % 10 == digit(id, 10);
}

/// Corsica's departments 2A and 2B count as 19 and 18.
bool is_fr_nir(std::string_view id) {
  std::array<char, 15> plain{};
  if (id.size() != 15) return false;
  std::copy(id.begin(), id.end(), plain.begin());
  if (plain[5] == '2' && (plain[6] == 'a' || plain[6] == 'b')) {
    const bool is_a = plain[6] == 'a';
    plain[5] = '1';
    plain[6] = is_a ? '9' : '8';
  }
  const std::string_view text(plain.data(), plain.size());
  if (!all_digits(text) || std::string_view("123478").find(text[0]) == std::string_view::npos) return false;
  const int month = number(text, 3, 2);
  if (month == 0 || (month > 12 && month < 20)) return false;
  long long value = 0;
  for (std::size_t i = 0; i < 13; ++i) value = value * 10 + digit(text, i);
  return 97 - value % 97 == number(text, 13, 2);
}

bool is_es_dni(std::string_view id) {
  if (id.size() != 9) return false;
  int value = 0;
  if (has_form(id, "99999999a"))
    value = number(id, 0, 8);
  else if (has_form(id, "a9999999a") && id[0] >= 'x' && id[0] <= 'z')
    value = (id[0] - 'x') * 10'000'000 + number(id, 1, 7);
  else
    return false;
  return std::string_view("trwagmyfpdxbnjzsqvhlcke")[static_cast<std::size_t>(value % 23)] == id[8];
}

bool is_it_codice_fiscale(std::string_view id) {
  if (!has_form(id, "aaaaaa99a99a999a") || std::string_view("abcdehlmprst").find(id[8]) == std::string_view::npos) return false;
  constexpr int kOdd[] = {1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  int sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const int value = is_ascii_digit(id[i]) ? id[i] - '0' : id[i] - 'a';
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  return id[15] == 'a' + sum % 26;
}

bool is_nl_bsn(std::string_view id) {
  return all_digits(id) && !all_same(id) && (weighted(id, {9, 8, 7, 6, 5, 4, 3, 2}) - digit(id, 8)) % 11 == 0;
}

/// Born from 2000 on: a 2 stands in front for the check.
bool is_be_nn(std::string_view id) {
  if (!all_digits(id) || !is_date(std::max(number(id, 4, 2), 1), std::max(number(id, 2, 2) % 20, 1))) return false;
  const long long value = number(id, 0, 9);
  const int check = number(id, 9, 2);
  return 97 - value % 97 == check || 97 - (2'000'000'000 + value) % 97 == check;
}

bool is_pl_pesel(std::string_view id) {
  if (!all_digits(id) || !is_date(number(id, 4, 2), number(id, 2, 2) % 20)) return false;
  return (10 - weighted(id, {1, 3, 7, 9, 1, 3, 7, 9, 1, 3}) % 10) % 10 == digit(id, 10);
}

bool is_se_personnummer(std::string_view id) {
  if (id.size() == 12) id.remove_prefix(2);
  if (id.size() != 10 || !all_digits(id)) return false;
  const int day = number(id, 4, 2);
  return is_date(day > 60 ? day - 60 : day, number(id, 2, 2)) && luhn(id);
}

bool is_fi_hetu(std::string_view id) {
  if (!has_form(id, "999999999*") || !is_date(number(id, 0, 2), number(id, 2, 2))) return false;
  return std::string_view("0123456789abcdefhjklmnprstuvwxy")[static_cast<std::size_t>(number(id, 0, 9) % 31)] == id[9];
}

bool is_no_fodselsnummer(std::string_view id) {
  if (!all_digits(id)) return false;
  const int day = number(id, 0, 2), month = number(id, 2, 2);
  if (!is_date(day > 40 ? day - 40 : day, month > 40 ? month - 40 : month)) return false;
  const int first = (11 - weighted(id, {3, 7, 6, 1, 8, 9, 4, 5, 2}) % 11) % 11;
  const int second = (11 - weighted(id, {5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11) % 11;
  return first == digit(id, 9) && second == digit(id, 10);
}

bool is_dk_cpr(std::string_view id) { return all_digits(id) && is_date(number(id, 0, 2), number(id, 2, 2)); }

bool is_pt_nif(std::string_view id) {
  if (!all_digits(id) || id[0] == '0') return false;
  return (11 - weighted(id, {9, 8, 7, 6, 5, 4, 3, 2}) % 11) % 11 % 10 == digit(id, 8);
}

bool is_br_cpf(std::string_view id) {
  if (!all_digits(id) || all_same(id)) return false;
  const int first = weighted(id, {10, 9, 8, 7, 6, 5, 4, 3, 2}) * 10 % 11 % 10;
  const int second = weighted(id, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2}) * 10 % 11 % 10;
  return first == digit(id, 9) && second == digit(id, 10);
}

bool is_cl_rut(std::string_view id) {
  if (id.size() < 8 || !all_digits(id.substr(0, id.size() - 1))) return false;
  int sum = 0, weight = 2;
  for (std::size_t i = id.size() - 1; i-- > 0;) {
    sum += weight * digit(id, i);
    weight = weight == 7 ? 2 : weight + 1;
  }
  return "0k987654321"[sum % 11] == id.back();
}

bool is_mx_curp(std::string_view id) {
  if (!has_form(id, "aaaa999999aaaaaa**") || !is_date(number(id, 8, 2), number(id, 6, 2)) ||
      (id[10] != 'h' && id[10] != 'm' && id[10] != 'x'))
    return false;
  if (!is_ascii_digit(id[17])) return false;
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) {
    const char c = id[i];
    const int value = is_ascii_digit(c) ? c - '0' : c <= 'n' ? c - 'a' + 10 : c - 'a' + 11;  // ñ stands between n and o
    sum += value * static_cast<int>(18 - i);
  }
  return (10 - sum % 10) % 10 == digit(id, 17);
}

bool is_ca_sin(std::string_view id) { return all_digits(id) && id[0] != '0' && id[0] != '8' && luhn(id); }

bool is_au_tfn(std::string_view id) { return all_digits(id) && weighted(id, {1, 4, 3, 7, 5, 8, 6, 9, 10}) % 11 == 0; }

/// Verhoeff's check over the dihedral group D5.
bool is_in_aadhaar(std::string_view id) {
  if (!all_digits(id) || id[0] < '2') return false;
  constexpr int kPermutation[8][10] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
                                       {8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
                                       {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
  const auto times = [](int a, int b) {
    if (a < 5) return b < 5 ? (a + b) % 5 : 5 + (a + b - 5) % 5;
    return b < 5 ? 5 + (a - 5 - b + 5) % 5 : (a - b + 5) % 5;
  };
  int check = 0;
  for (std::size_t i = 0; i < id.size(); ++i) check = times(check, kPermutation[i % 8][digit(id, id.size() - 1 - i)]);
  return check == 0;
}

bool is_in_pan(std::string_view id) {
  return has_form(id, "aaaaa9999a") && std::string_view("abcfghljpt").find(id[3]) != std::string_view::npos;
}

/// GB 11643: ISO 7064 MOD 11-2.
bool is_cn_resident_id(std::string_view id) {
  if (id.size() != 18 || !all_digits(id.substr(0, 17)) || !is_date(number(id, 12, 2), number(id, 10, 2))) return false;
  const int year = number(id, 6, 4);
  if (year < 1900 || year > 2100) return false;
  return "10x98765432"[weighted(id, {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}) % 11] == id[17];
}

bool is_kr_rrn(std::string_view id) {
  if (!all_digits(id) || !is_date(number(id, 4, 2), number(id, 2, 2))) return false;
  return (11 - weighted(id, {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5}) % 11) % 10 == digit(id, 12);
}

bool is_jp_my_number(std::string_view id) {
  if (!all_digits(id)) return false;
  const int rest = weighted(id, {6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2}) % 11;
  return (rest <= 1 ? 0 : 11 - rest) == digit(id, 11);
}

bool is_tr_tckn(std::string_view id) {
  if (!all_digits(id) || id[0] == '0') return false;
  const int odd = weighted(id, {1, 0, 1, 0, 1, 0, 1, 0, 1}), even = weighted(id, {0, 1, 0, 1, 0, 1, 0, 1});
  const int first = ((odd * 7 - even) % 10 + 10) % 10;
  return first == digit(id, 9) && (odd + even + first) % 10 == digit(id, 10);
}

bool is_za_id(std::string_view id) {
  return all_digits(id) && is_date(number(id, 4, 2), number(id, 2, 2)) && digit(id, 10) <= 2 && luhn(id);
}

bool is_sg_nric(std::string_view id) {
  if (!has_form(id, "a9999999a")) return false;
  int sum = 0;
  constexpr int kWeights[] = {2, 7, 6, 5, 4, 3, 2};
  for (std::size_t i = 0; i < 7; ++i) sum += kWeights[i] * digit(id, i + 1);
  const auto letter = [&](std::string_view table, int offset) { return table[static_cast<std::size_t>((sum + offset) % 11)] == id[8]; };
  if (id[0] == 's') return letter("jzihgfedcba", 0);
  if (id[0] == 't') return letter("jzihgfedcba", 4);
  if (id[0] == 'f') return letter("xwutrqpnmlk", 0);
  return id[0] == 'g' && letter("xwutrqpnmlk", 4);
}

bool is_passport(std::string_view id) { return std::count_if(id.begin(), id.end(), is_ascii_digit) >= 5; }

}  // namespace steward::filters::pii
