"""Writes chat_templates.json: conversations of our own as transformers writes them.

    python tests/golden/make_chat_templates.py QWEN2_FOLDER

QWEN2_FOLDER holds Qwen2's vocab.json and merges.txt and, as tokenizer_config.qwen2.5.json, the settings of Qwen2.5 with
its chat template. The template itself does not come into this repository, only what it makes of our conversations.
"""

import datetime
import json
import pathlib
import shutil
import sys
import tempfile

import transformers
from transformers import AutoTokenizer
from transformers.utils import chat_template_utils

HERE = pathlib.Path(__file__).parent


class Fixed(datetime.datetime):
    """The time that templates are told."""

    @classmethod
    def now(cls, tz=None):
        return cls(2024, 3, 9, 7, 5, 2)


chat_template_utils.datetime = Fixed


def talk(*turns, system=None, answer=True):
    roles = ["user", "assistant"]
    messages = [{"role": "system", "content": system}] if system is not None else []
    messages += [{"role": roles[i % 2], "content": text} for i, text in enumerate(turns)]
    return {"messages": messages, "answer": answer}


CONVERSATIONS = [
    talk("How do I keep basil alive on a windowsill?"),
    talk("How do I keep basil alive on a windowsill?", system="Answer in one sentence."),
    talk("", system="Answer in one sentence."),
    talk("Which way is north?", system=""),
    talk(""),
    talk("  two spaces before and after  "),
    talk("first line\nsecond line\n\nfourth line\n"),
    talk("\n\n"),
    talk("What is 3+4?", "7", "And doubled?"),
    talk("What is 3+4?", "7", "And doubled?", system="You are a patient teacher.\nNever scold."),
    talk("What is 3+4?", "7", "And doubled?", "14", "Thank you!", "You are welcome.", "Bye"),
    talk("What is 3+4?", "7", answer=False),
    talk("What is 3+4?", "", "And now?"),
    talk("Quelle heure est-il à Genève ? ½ heure après midi"),
    talk("我的猫不肯喝水，怎么办？", "多放几个水碗。", "还有呢？", system="请用中文回答。"),
    talk("🦙🚀 👩‍👩‍👧 ok? \u200bzero width"),
    talk("عربي ועברית mixed with English"),
    talk("if x < 3 && y > 4 { \"quoted\" } else { 'single' } {{ braces }} {% raw %}"),
    talk("tab\tand\r\nwindows line"),
    talk("a" * 300 + " " + "b c " * 50, system="Be brief. " * 20, answer=False),
]

TEMPLATES = {
    "tags": """{#- Every turn between tags of its own. -#}
{%- for message in messages %}
    {%- if message['role'] == 'system' %}
<sys>{{ message['content'] }}</sys>
    {%- else %}
<{{ message.role }}{% if loop.first %} first{% endif %}>{{ message.content | trim }}</{{ message.role }}>
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
<assistant>
{%- endif %}
""",
    "blocks": """{% for message in messages %}
  {% if loop.index0 == 0 and message.role == "system" %}
    {% set rules = message.content %}
    {% continue %}
  {% endif %}
  {% if loop.index > 4 %}
    {% break %}
  {% endif %}
  {{ loop.index }}/{{ loop.length }} {{ message.role | upper }}: {{ message.content }}
{% endfor %}
{% if add_generation_prompt %}
NEXT
{% endif %}
""",
    "namespace": """{{- bos_token }}
{%- set state = namespace(users=0, last='', system=none) %}
{%- for m in messages %}
{%- if m.role == 'user' %}{% set state.users = state.users + 1 %}{% set state.last = m.content %}{% endif %}
{%- if m.role == 'system' %}{% set state.system = m.content %}{% endif %}
{%- endfor %}
{{- state.users }}|{{ state.last.strip() }}|{{ state.system }}|{{ state.system is none }}|{{ tools is none }}|{{ missing is defined }}
{%- for m in messages[::-1] %} {{ m.role[0] }}{% endfor %}
{{- ' ' ~ (messages | length) ~ eos_token }}""",
    "json": """{% macro entry(m) %}{{ m | tojson }}{% endmacro %}
{{ messages | tojson }}
{{ messages[0] | tojson(indent=2) }}
{{ {'b': [1, 2.5, true, none], 'a': {}, 'c': []} | tojson }}
{{ {'b': 'é<&>', 'a': 1} | tojson(sort_keys=true, ensure_ascii=true, separators=(',', ':')) }}
{{ [1, 'two', none, {'k': false}] }} {{ true }} {{ none }} {{ 1.0 }}
{% for m in messages[-1:] %}{{ entry(m) }}{% endfor %}
""",
    "strict": """{{- bos_token }}
{%- if messages[0].role == 'system' %}{{ raise_exception('no system turn, please') }}{% endif %}
{%- for m in messages %}
{%- if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns must alternate') }}{% endif %}
{%- if not m.content %}{{ raise_exception('turn ' ~ loop.index ~ ' is empty') }}{% endif %}
{%- if m.role == 'user' %}[Q] {{ m.content.rstrip() }} [A]{% else %} {{ m.content }}{{ eos_token }}{% endif %}
{%- endfor %}""",
    "generation": """{% for m in messages %}
{% if m.role == 'assistant' %}
{% generation %}
A: {{ m.content }}
{% endgeneration %}
{% else %}
Q: {{ m.content }}
{%- generation -%}   {%- endgeneration +%}
{% endif %}
{% endfor %}""",
    "python": """{{ strftime_now('%d %b %Y') }} {{ strftime_now("%A %-d %B, %H:%M:%S %j") }}
{% for m in messages %}{% set words = m.content.split() %}
{{ words | length }} {{ words[:2] | join('+') }} {{ m.content.startswith('What') }} {{ m.content.replace('\\n', '/')[:20] }}
{{ 'yes' if 'a' in m.content else 'no' }} {{ m.get('name', 'nobody') }} {{ m.items() | list | length }} {{ m.content.upper().lower() if m.content is string else '' }}
{% endfor %}{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | first | length }} {{ range(3) | list }} {{ '=' * 4 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ dict(a=1).a }}
""",
}

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}


def rendered(template, conversation):
    try:
        compiled = chat_template_utils._compile_jinja_template(template)
        text = compiled.render(
            messages=conversation["messages"],
            tools=None,
            documents=None,
            add_generation_prompt=conversation["answer"],
            **SPECIAL,
        )
        return {"text": text}
    except Exception as error:  # The template's own raise_exception among them.
        return {"error": str(error)}


def qwen(folder):
    with tempfile.TemporaryDirectory() as place:
        for name in ["vocab.json", "merges.txt"]:
            shutil.copy(folder / name, place)
        shutil.copy(folder / "tokenizer_config.qwen2.5.json", pathlib.Path(place, "tokenizer_config.json"))
        tokenizer = AutoTokenizer.from_pretrained(place)
        found = []
        for conversation in CONVERSATIONS:
            text = tokenizer.apply_chat_template(
                conversation["messages"], tokenize=False, add_generation_prompt=conversation["answer"]
            )
            ids = tokenizer(text, add_special_tokens=False)["input_ids"]
            found.append({"text": text, "ids": ids})
        return found


def main():
    golden = {
        "made_by": f"transformers {transformers.__version__}",
        "conversations": CONVERSATIONS,
        "qwen": qwen(pathlib.Path(sys.argv[1])),
        "templates": [
            {"name": name, "template": template, "written": [rendered(template, c) for c in CONVERSATIONS]}
            for name, template in TEMPLATES.items()
        ],
    }
    path = HERE / "chat_templates.json"
    path.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    print(path, path.stat().st_size, "bytes")


main()
