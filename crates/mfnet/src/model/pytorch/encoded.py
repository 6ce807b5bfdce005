MISSING = ["", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NaT", "NULL", "Null", "null", "(null)",
           "None", "none", "nil", "?", "-", "--", ".", "\\N", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "#NULL!", "#N/A N/A",
           "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "1.#INF"]

def number(kind, text):  # nan where it is missing
    if text in MISSING:
        return math.nan
    if kind == "boolean":
        return float(text.lower() in ("true", "yes", "t", "y", "ja", "oui", "wahr", "vrai", "si", "sí", "1", "1.0"))
    if kind == "date":
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp() / 86400
    return float(text)

def level(text):  # 3 and 3.0 are the same, if the number is exact
    if text in MISSING:
        return ""
    digits = text[1:] if text[:1] in ("+", "-") else text
    is_number = digits.isascii() and digits.replace(".", "", 1).isdigit()
    is_code = text.isdigit() and text[0] == "0" and text.strip("0") != ""
    if not is_number or is_code or abs(float(text)) >= 2**53:
        return text
    return repr(float(text) + 0.0).removesuffix(".0").replace("e-0", "e-")

def encoded(rows):  # as csv.DictReader gives them, numbers written 1234.5
    features, is_scaled = [], []
    def add(feature, scale=False):
        features.append(torch.tensor(feature, dtype=torch.float64))
        is_scaled.append(scale)
    for name, column in zip(model["features"], model["preprocessing"]["columns"]):
        kind, texts = column["kind"], [row[name].strip() for row in rows]
        if kind == "category":
            levels = [level(text) for text in texts]
            for known in column["levels"]:
                add([float(text == known) for text in levels])
            if column["others"]:
                add([float(text not in column["levels"] and not (text == "" and column["missing"])) for text in levels])
            if column["missing"]:
                add([float(text == "") for text in levels])
            continue
        values = [number(kind, text) for text in texts]
        filled = [column["fill"] if math.isnan(x) else x for x in values]
        add(filled, scale=kind != "boolean")
        if kind == "date":
            for period in (365.2425, 7, 1)[: 2 + column["times"]]:
                for wave in (math.sin, math.cos):
                    add([wave(2 * math.pi * math.fmod(x / period, 1)) for x in filled])
        if column["missing"]:
            add([float(math.isnan(x)) for x in values])
    x, is_scaled = torch.stack(features, 1), torch.tensor(is_scaled)
    x[:, is_scaled] = scaled(x[:, is_scaled])
    return x

