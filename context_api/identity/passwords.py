"""Which passwords people may choose: long, and none that everybody tries first (NIST SP 800-63B-4, 3.1.1.2).

No rule about kinds of characters and no expiry: both make passwords worse. Length and a look into a list of
what is common do more.
"""

import re
import string
import unicodedata

LENGTH_MIN = 12
LENGTH_MAX = 256
"""Characters; what is longer costs time and adds nothing."""
_DISTINCT_MIN = 5

_WORDS = """
password passw0rd pass passphrase pw secret letmein welcome login logon access master admin administrator
adminadmin root toor superuser system test testing tester guest user default changeme change temporary
initial qwerty qwertyui qwertyuiop qwertz azerty asdf asdfgh asdfghjkl asdfghjk zxcv zxcvbn zxcvbnm qazwsx
qazwsxedc qwaszx qweasd qweasdzxc abc abcd abcde abcdef abcdefg abcdefgh iloveyou loveyou monkey dragon
sunshine princess football baseball soccer superman batman pokemon starwars whatever trustno trustnoone
computer internet summer winter spring autumn january february march april june july august september
october november december monday friday shadow michael jordan hello helloworld freedom flower cookie banana
orange google office windows machi toshios toshi smartcity city cityos hogehoge hoge fuga piyo sakura
arigatou arigato konnichiwa ohayou himitsu nihon nippon japan tokyo osaka kyoto higashimurayama tama
shiyakusho yakusho pasuwado pasuwaado aikotoba aiueo kakikukeko sasisuseso doraemon pikachu totoro naruto
suzuki tanaka yamada takahashi watanabe sato
"""
_COMMON = frozenset(_WORDS.split())
"""A password that is made of a few of these, digits and signs alone is refused."""
_WORDS_FEW = 3
_DECORATION = string.digits + string.punctuation + " "
_RUNS = ("0123456789012345", "9876543210987654", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_PARTS = re.compile(r"[a-z]+")
_LEET = str.maketrans("013457@$!", "oieastasi")


def normalise(password: str) -> str:
    """Give one form to what different keyboards write differently (NFKC, as NIST asks)."""
    return unicodedata.normalize("NFKC", password)


def fault_of(password: str, *, name: str = "") -> str | None:
    """Say why a password may not be chosen; None: it may."""
    text = normalise(password)
    if len(text) < LENGTH_MIN:
        return f"A password has at least {LENGTH_MIN} characters; a sentence is a good one"
    if len(text) > LENGTH_MAX:
        return f"A password has at most {LENGTH_MAX} characters"
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        return "A password holds no control characters"
    return _fault_of_guessable(text, name)


def _fault_of_guessable(text: str, name: str) -> str | None:
    if len(set(text)) < _DISTINCT_MIN:
        return f"A password has at least {_DISTINCT_MIN} different characters"
    if is_common(text):
        return "This password is one of those that are tried first; a sentence of your own is a good one"
    if name and _is_of_name(text, name):
        return "A password is more than the name of its account"
    return None


def is_common(password: str) -> bool:
    """Whether a password is a few common words with digits and signs about them, or a run of the keyboard."""
    text = password.casefold()
    letters = text.rstrip(_DECORATION).lstrip(_DECORATION)
    return any(_has_few_words(form) for form in (text, letters.translate(_LEET))) or _is_run(text)


def _has_few_words(text: str) -> bool:
    if not text.isascii():
        return False
    counts = [_count_words(part) for part in _PARTS.findall(text)]
    known = [count for count in counts if count is not None]
    return len(known) == len(counts) and sum(known) <= _WORDS_FEW


def _count_words(letters: str) -> int | None:
    """Give into how few common words letters can be cut; None: they are others."""
    fewest = {0: 0}
    for end in range(1, len(letters) + 1):
        counts = [count + 1 for start, count in fewest.items() if letters[start:end] in _COMMON]
        if counts:
            fewest[end] = min(counts)
    return fewest.get(len(letters))


def _is_run(text: str) -> bool:
    return any(text in run * 2 for run in _RUNS)


def _is_of_name(text: str, name: str) -> bool:
    rest = text.casefold().replace(name.partition("@")[0], "")
    return len("".join(_PARTS.findall(rest))) < _DISTINCT_MIN and rest != text.casefold()
