/** Go's text/template: what it renders was taken from Go 1.26 itself. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { text } from '#plugins/template/go/functions.ts'
import { GoTemplate } from '#plugins/template/go/template.ts'
import { type Field, Integer, StructType, type Value } from '#src/go/values.ts'

const field = (value: Value): Field<never> => ({ read: () => value })

const INNER = new StructType('inner', new Map([['Name', field('inner')]]))

const DATA = new StructType(
  'data',
  new Map<string, Field<never>>([
    ['Name', field('www.example.org.')],
    ['Match', field(['www.example.org.', 'www'])],
    ['Group', field(new Map([['0', 'www.example.org.'], ['hex', 'ff'], ['a', '10']]))],
    ['Count', field(new Integer(3))],
    ['Code', field(new Integer(28, 'uint16'))],
    ['Flag', field(true)],
    ['Empty', field([])],
    ['Inner', { ...field({ type: INNER, of: 0 }), type: INNER }],
    ['Meta', { arity: 1, read: (_, label) => `<${text(label)}>` }],
  ]),
) // biome-ignore format: a table

const render = (source: string) => new GoTemplate(source, DATA).render({ type: DATA, of: 0 })

const rendered: readonly (readonly [template: string, text: string])[] = [
  ['plain text', 'plain text'],
  ['{{ .Name }}', 'www.example.org.'],
  ['{{.Name}} 60 IN A', 'www.example.org. 60 IN A'],
  ['a {{- .Name -}} b', 'awww.example.org.b'],
  ['a {{- " x " -}} b', 'a x b'],
  ['{{3}}{{ -3 }}{{- 3}}', '3-33'],
  ['{{/* c */}}x', 'x'],
  ['a {{- /* c */ -}} b', 'ab'],
  ['a {{/* c */}} b', 'a  b'],
  ['{{ .Group.a }}.{{ .Group.b }}', '10.<no value>'],
  ['{{ .Group }}', 'map[0:www.example.org. a:10 hex:ff]'],
  ['{{ .Match }}', '[www.example.org. www]'],
  ['{{ index .Match 1 }}', 'www'],
  ['{{ index .Group "a" }}', '10'],
  ['{{ index .Group "zz" }}x', 'x'],
  ['{{ index .Name 0 }}', '119'],
  ['{{ index .Match 1 0 }}', '119'],
  ['{{ index .Match }}', '[www.example.org. www]'],
  ['{{ slice .Name 1 3 }}', 'ww'],
  ['{{ slice .Name 4 }}', 'example.org.'],
  ['{{ slice .Name }}', 'www.example.org.'],
  ['{{ slice .Match 1 }}', '[www]'],
  ['{{ slice .Match 0 1 2 }}', '[www.example.org.]'],
  ['{{ len .Name }} {{ len .Match }} {{ len .Group }} {{ len .Empty }}', '16 2 3 0'],
  ['{{ if .Group.b }}y{{ else }}n{{ end }}', 'n'],
  ['{{ if .Flag }}y{{ end }}', 'y'],
  ['{{ if not .Flag }}y{{ else if eq .Name "www.example.org." }}z{{ else }}n{{ end }}', 'z'],
  ['{{ if eq 1 2 }}a{{ else if eq 1 1 }}b{{ else }}c{{ end }}', 'b'],
  ['{{ with .Group.a }}[{{ . }}]{{ end }}', '[10]'],
  ['{{ with .Group.b }}[{{ . }}]{{ else with .Count }}{{ . }}{{ else }}none{{ end }}', '3'],
  ['{{ with $x := .Name }}{{ $x }}{{ . }}{{ $.Count }}{{ end }}', 'www.example.org.www.example.org.3'],
  ['{{ range .Match }}<{{ . }}>{{ end }}', '<www.example.org.><www>'],
  ['{{ range $i, $e := .Match }}{{ $i }}:{{ $e }};{{ end }}', '0:www.example.org.;1:www;'],
  ['{{ range $e := .Match }}{{ $e }};{{ end }}', 'www.example.org.;www;'],
  ['{{ range $k, $v := .Group }}{{ $k }}={{ $v }} {{ end }}', '0=www.example.org. a=10 hex=ff '],
  ['{{ range .Empty }}a{{ else }}e{{ end }}', 'e'],
  ['{{ range 3 }}{{ . }}{{ end }}', '012'],
  ['{{ range $i := 3 }}{{ $i }}{{ end }}', '012'],
  ['{{ range .Group.b }}x{{ else }}none{{ end }}', 'none'],
  ['{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}', '02'],
  ['{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}', '2'],
  ['{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}', '1'],
  ['{{ $x := "a" }}{{ range 3 }}{{ $x = print $x . }}{{ end }}{{ $x }}', 'a012'],
  ['{{ if $x := .Name }}{{ $x }}{{ end }}', 'www.example.org.'],
  ['{{ eq .Name "a" "b" "www.example.org." }}', 'true'],
  ['{{ eq .Code 28 }} {{ ne .Code 28 }} {{ lt .Code 29 }} {{ le .Code 28 }} {{ gt .Code 3 }} {{ ge .Code 29 }}', 'true false true true true false'],
  ['{{ lt "a" "b" }} {{ lt "b" "a" }} {{ le "a" "a" }}', 'true false true'],
  ['{{ eq true true }} {{ eq true false }}', 'true false'],
  ['{{ eq .Group.b .Group.c }} {{ eq .Group.b "a" }}', 'true false'],
  ['{{ or .Group.b "dflt" }} {{ and .Flag .Name }}', 'dflt www.example.org.'],
  ['{{ print 1 2 "a" "b" 3 4 }}|{{ print }}|{{ print "a" 1 }}|{{ print .Group.b }}', '1 2ab3 4||a1|<nil>'],
  ['{{ println 1 "a" }}|{{ println }}', '1 a\n|\n'],
  [String.raw`{{ printf "%s %d %v %q %x %X %t" "a" 3 "b" "c\"d" 255 "hi" true }}`, 'a 3 b "c\\"d" ff 6869 true'],
  ['{{ printf "%03d|%-5d|%5d|%+d|%x|%#x|%o|%b|%c|%U" 7 7 7 7 255 255 8 5 65 65 }}', '007|7    |    7|+7|ff|0xff|10|101|A|U+0041'],
  ['{{ printf "%5s|%-5s|%.2s|%05s|%q" "ab" "ab" "abcdef" "ab" "é" }}', '   ab|ab   |ab|000ab|"é"'],
  ['{{ printf "%s" 3 }} {{ printf "%d" "a" }} {{ printf "%d" }} {{ printf "%d" 1 2 }} {{ printf "%z" 1 }} {{ printf "100%%" }} {{ printf "%" }}', '%!s(int=3) %!d(string=a) %!d(MISSING) 1%!(EXTRA int=2) %!z(int=1) 100% %!(NOVERB)'],
  ['{{ printf "%v %v" .Match .Group }} {{ printf "%q" .Match }} {{ printf "%s" .Group.b }} {{ printf "%v" .Group.b }}', '[www.example.org. www] map[0:www.example.org. a:10 hex:ff] ["www.example.org." "www"] %!s(<nil>) <nil>'],
  ['{{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%*d" 5 1 }} {{ printf "%-*d|" 5 1 }} {{ printf "%.*s" 2 "abc" }}', '2 1     1 1    | ab'],
  ['{{ printf "%02x" (parseInt "10" 10 8) }} {{ printf "%T %T %T %T" 1 "a" true (parseInt "1" 10 64) }}', '0a int string bool uint64'],
  ['{{ printf "%x" "abc" }} {{ printf "% x" "abc" }} {{ printf "%#x" "abc" }} {{ printf "%# x" "abc" }}', '616263 61 62 63 0x616263 0x61 0x62 0x63'],
  ['{{ printf "%08b|%+05d|% d|%06.3d|%-06d|%#o" 5 3 4 5 6 8 }}', '00000101|+0003| 4|   005|6     |010'],
  ['{{ printf "%5t|%-7t|%v" true false true }}', ' true|false  |true'],
  ['{{ printf "%5v|%-5v|%05v" 1 2 3 }} {{ printf "%5q" "a" }} {{ printf "%c%c" 0x4e16 97 }} {{ printf "%q" 97 }}', `    1|2    |00003   "a" 世a 'a'`],
  ['{{ parseInt "ff" 16 8 }} {{ parseInt .Group.hex 16 0 }} {{ "ff" | printf "%s" }}', '255 255 ff'],
  ['{{ parseInt "0x1F" 0 0 }} {{ parseInt "0b11" 0 64 }} {{ parseInt "017" 0 64 }} {{ parseInt "1_000" 0 64 }}', '31 3 15 1000'],
  ['{{ parseInt "zz" 36 64 }} {{ parseInt "18446744073709551615" 10 64 }}', '1295 18446744073709551615'],
  ['{{ 8 | parseInt "1" 10 }}', '1'],
  [String.raw`{{ html "<a href='x'>&\"" }} {{ js "it's \"<&=\\ \n é" }} {{ urlquery "a b/c?é~-_." }} {{ html 1 2 "a" }} {{ html .Group.b }}`, "&lt;a href=&#39;x&#39;&gt;&amp;&#34; it\\'s \\\"\\u003C\\u0026\\u003D\\\\ \\u000A é a+b%2Fc%3F%C3%A9~-_. 1 2a &lt;no value&gt;"],
  ['{{ .Meta "x" }} {{ .Meta .Name }} {{ "y" | .Meta }} {{ print (.Meta "z") }} {{ $.Meta "q" }}', '<x> <www.example.org.> <y> <z> <q>'],
  ['{{ .Group.zz.yy }}', '<no value>'],
  ['{{ (index .Match 1) }} {{ (printf "%s" "a") | printf "%s%s" "b" }}', 'www ba'],
  ['{{ print nil }}', '<nil>'],
  ['{{ .Name | len | printf "%d" }}', '16'],
  [String.raw`{{ 'a' }} {{ '\n' }} {{ 'é' }} {{ '\'' }}`, '97 10 233 39'],
  ['{{ 0x1F }} {{ 017 }} {{ 0b11 }} {{ 0o17 }} {{ 1_000 }} {{ +3 }} {{ -0x10 }}', '31 15 3 15 1000 3 -16'],
  [String.raw`{{ "\x41\u00e9\101\t\"" }} {{ len "é" }} {{ slice "é" 0 1 | len }} {{ index "é" 0 }}`, 'AéA\t" 2 1 195'],
  ['{{ with 0 }}a{{ else }}b{{ end }}{{ with "" }}a{{ end }}{{ with .Match }}{{ index . 0 }}{{ end }}', 'bwww.example.org.'],
  ['{{ $a := 1 }}{{ $b := 2 }}{{ range $i, $a := .Match }}{{ $a }}{{ end }}{{ $a }}{{ $b }}', 'www.example.org.www12'],
  ['{{ len "abc" | eq 3 }}', 'true'],
  ['{{ printf "%d" (len .Name) }}', '16'],
  ['{{ if and (eq .Name "www.example.org.") (gt .Count 2) }}ok{{ end }}', 'ok'],
  ['{{ .Name|len }}', '16'],
  ['{{ $x := .Name|len }}{{ $x }}', '16'],
  ['{{ print ("a") ("b") }}', 'ab'],
  ['{{ (true) }}', 'true'],
  ['{{ ((3)) }}', '3'],
  ['{{-3}}', '-3'],
  ['{{- 3 -}}', '3'],
  ['{{ range $k := .Group }}{{ $k }},{{ end }}', 'www.example.org.,10,ff,'],
  [String.raw`{{ js "\x7f\x00\u2028" }} {{ urlquery 1 "a" }} {{ print true false 1 }} {{ print "é" 2 }}`, '\\u0000\\u2028 1a true false 1 é2'],
  ['{{ lt -1 .Code }} {{ lt .Code -1 }} {{ eq -1 (parseInt "18446744073709551615" 10 64) }}', 'true false false'],
  ['{{ printf "%v" nil }} {{ printf "%d %s" nil nil }} {{ printf "%!" 1 }} {{ printf "%-5%|" }} {{ printf "%s %s" "a" }}', '<nil> %!d(<nil>) %!s(<nil>) %!!(int=1) %| a %!s(MISSING)'],
  ['{{ printf "%6.2d|%.0d|%+.3d|%x|%X" 5 0 7 -255 -255 }} {{ printf "%-+5d|%+ d|%0-5d|" 3 4 5 }}', '    05||+007|-ff|-FF +3   |+4|5    |'],
  ['{{ printf "%s" true }} {{ printf "%t" "a" }} {{ printf "%x" true }} {{ printf "%c" "a" }}', '%!s(bool=true) %!t(string=a) %!x(bool=true) %!c(string=a)'],
  ['{{ printf "%v|%d|%x" .Match .Match .Match }}', '[www.example.org. www]|[%!d(string=www.example.org.) %!d(string=www)]|[7777772e6578616d706c652e6f72672e 777777]'],
  ['{{ printf "%s|%q|%5v" .Group .Group .Group }}', 'map[0:www.example.org. a:10 hex:ff]|map["0":"www.example.org." "a":"10" "hex":"ff"]|map[    0:www.example.org.     a:   10   hex:   ff]'],
  ['{{ printf "%+v|%+d|%#q|%#q" 1 1 "ab" "a`b" }}', '1|+1|`ab`|"a`b"'],
  ['{{ and 0 (index .Match 9) }} {{ or 1 (index .Match 9) }}', '0 1'],
  ['{{ 1 | or 0 }} {{ 0 | and 1 }}', '1 0'],
  ['{{ with $x := 1 }}{{ $x = 2 }}{{ $x }}{{ end }}{{ if true }}{{ $z := 1 }}{{ else }}{{ $z := 2 }}{{ $z }}{{ end }}', '2'],
] // biome-ignore format: a table

suite('a template is rendered as Go renders it', () => {
  for (const [template, text] of rendered) test(template, () => assert.equal(render(template), text))
})

/** What Go refuses, too, though some of it when it is rendered only. */
const refused: readonly (readonly [template: string, message: RegExp])[] = [
  ['{{ .Name', /^unclosed action$/],
  ['{{ .Name) }}', /^unexpected '\)' in command$/],
  ['{{ (.Name }}', /^unexpected '\}\}' in parenthesized pipeline$/],
  ['{{ }}', /^unexpected '\}\}' in command$/],
  ['{{ if }}x{{ end }}', /^unexpected '\}\}' in command$/],
  ['{{ if .Name }}', /^\{\{if\}\} without \{\{end\}\}$/],
  ['{{ if 1 }}{{ else }}{{ else }}{{ end }}', /^\{\{if\}\} without \{\{end\}\}$/],
  ['{{ end }}', /^unexpected \{\{end\}\}$/],
  ['{{ else }}', /^unexpected \{\{else\}\}$/],
  ['{{ break }}', /^\{\{break\}\} outside \{\{range\}\}$/],
  ['{{/* c */ }}a{{/* d */}}', /^unexpected '\/\* c \*\/ /],
  ['{{ foo }}', /^function "foo" not defined$/],
  ['{{ .Foo }}', /^no field Foo in data$/],
  ['{{ $.Inner.Foo }}', /^no field Foo in inner$/],
  ['{{ with .Inner }}{{ .Foo }}{{ end }}', /^no field Foo in inner$/],
  ['{{ .Name.Foo }}', /^can't evaluate field Foo in type string$/],
  ['{{ .Name= }}', /^unexpected '\.Name= \}\}'$/],
  ['{{ $y }}', /^undefined variable "\$y"$/],
  ['{{ $x = 3 }}', /^undefined variable "\$x"$/],
  ['{{ range $i, $e := .Match }}{{ else }}{{ end }}{{ $i }}', /^undefined variable "\$i"$/],
  ['{{ if true }}{{ $z := 1 }}{{ end }}{{ $z }}', /^undefined variable "\$z"$/],
  ['{{ $x, $y := 3 }}', /^too many declarations in command$/],
  ['{{ range $x, $y, $z := .Match }}{{ end }}', /^too many declarations in range$/],
  ['{{ nil }}', /^nil is not a command$/],
  ['{{ 3 4 }}', /^can't give argument to non-function$/],
  ['{{ "a" | "b" }}', /^can't give argument to non-function$/],
  ['{{ "a""b" }}', /^unexpected '"b"' in operand$/],
  ['{{ true.Foo }}', /^unexpected \. after term true$/],
  ['{{ "abc }}', /^unexpected '"abc \}\}'$/],
  [String.raw`{{ "\q" }}`, /^no escape of a string: '\\q'$/],
  [`{{ 'ab' }}`, /^no character: 'ab'$/],
  ['{{ 089 }}', /^only whole numbers can be had: '089'$/],
  ['{{ 18446744073709551615 }}', /^18446744073709551615 overflows int$/],
  ['{{ not 1 2 }}', /^wrong number of args for not: want 1 got 2$/],
  ['{{ and }}', /^wrong number of args for and: want at least 1 got 0$/],
  ['{{ .Meta }}', /^wrong number of args for Meta: want 1 got 0$/],
  ['{{ .Meta "a" "b" }}', /^wrong number of args for Meta: want 1 got 2$/],
  ['{{ .Meta 3 }}', /^wrong type for value; expected string; got int$/],
  ['{{ .Group.a "x" }}', /^a is not a method but has arguments$/],
  ['{{ .Inner.Name "x" }}', /^wrong number of args for Name: want 0 got 1$/],
  ['{{ index .Match 2 }}', /^index out of range: 2$/],
  ['{{ index .Match -1 }}', /^index out of range: -1$/],
  ['{{ index .Group 1 }}', /^wrong type for value; expected string; got int$/],
  ['{{ index .Match "a" }}', /^cannot index with type string$/],
  ['{{ index 3 1 }}', /^can't index item of type int$/],
  ['{{ index .Group.b 1 }}', /^index of untyped nil$/],
  ['{{ slice .Name 3 1 }}', /^invalid slice index: 3 > 1$/],
  ['{{ slice .Name 1 2 3 }}', /^too many slice indexes: 3$/],
  ['{{ slice 1 2 }}', /^can't slice item of type int$/],
  ['{{ len 3 }}', /^len of type int$/],
  ['{{ range $i, $j := 3 }}{{ end }}', /^can't use 3 to iterate over more than one variable$/],
  ['{{ range .Name }}x{{ end }}', /^range can't iterate over string$/],
  ['{{ eq 1 "a" }}', /^incompatible types for comparison: int and string$/],
  ['{{ lt 1 "b" }}', /^no order between int and string$/],
  ['{{ lt true false }}', /^no order between bool and bool$/],
  ['{{ eq .Match .Match }}', /^non-comparable type list$/],
  ['{{ eq 1 }}', /^missing argument for comparison$/],
  ['{{ parseInt "100" 16 8 }}', /^parsing "100": value out of range$/],
  ['{{ parseInt "-1" 10 64 }}', /^parsing "-1": invalid syntax$/],
  ['{{ parseInt "" 10 64 }}', /^parsing "": invalid syntax$/],
  ['{{ parseInt "1" 1 64 }}', /^parsing "1": invalid base 1$/],
  ['{{ parseInt "1" 10 65 }}', /^parsing "1": invalid bit size 65$/],
  ['{{ "8" | parseInt "1" 10 }}', /^wrong type for value; expected int; got string$/],
  ['{{ printf 3 }}', /^wrong type for value; expected string; got int$/],
  ['{{ or 0 (index .Match 9) }}', /^index out of range: 9$/],
] // biome-ignore format: a table

suite('a template that cannot be rendered says why', () => {
  for (const [template, message] of refused)
    test(template, () => assert.throws(() => render(template), { name: 'EvaluationError', message }))
})

test('what this server does not have is refused when the Corefile is read', () => {
  for (const [template, message] of [
    ['{{ define "x" }}a{{ end }}', /^\{\{define\}\} is not supported$/],
    ['{{ template "x" }}', /^\{\{template\}\} is not supported$/],
    ['{{ 1.5 }}', /^only whole numbers can be had: '1.5'$/],
  ] as const)
    assert.throws(() => new GoTemplate(template, DATA), { message })
})

test('structs are not printed', () => {
  for (const template of ['{{ . }}', '{{ .Inner }}', '{{ printf "%v" $ }}'])
    assert.throws(() => render(template), { message: /^can't print (data|inner)$/ })
  assert.equal(render('{{ if . }}{{ eq .Inner .Inner }}{{ end }}'), 'true')
})

test('range has a bound, whatever clients put into names', () => {
  assert.equal(render('{{ range 10000 }}{{ end }}x'), 'x')
  assert.throws(() => render('{{ range 10001 }}{{ end }}'), { message: 'range takes too many turns' })
  assert.throws(() => render('{{ range 101 }}{{ range 101 }}{{ end }}{{ end }}'), { message: 'range takes too many turns' })
})
