#!/usr/bin/env python3
"""`reftally query`: answers in each format, the examples of --help, and statements that are refused."""

import csv
import hashlib
import io
import json
import pathlib
import re
import sys
import tempfile

import command


class Query(command.CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        [cls.dump] = command.record("parent_and_child_leaky", cls.folder)

    def rows(self, sql):
        return json.loads(self.reftally("query", self.dump, sql, "--format", "json").stdout)

    def test_objects_references_and_findings_are_rows(self):
        [document] = self.rows("SELECT * FROM objects WHERE type = 'Document'")
        self.assertEqual(document["reachable"], 0)
        self.assertEqual(document["remainder"], 0)
        pages = self.rows("SELECT r.path FROM refs r JOIN objects o ON o.id = r.to_id "
                          f"WHERE o.type = 'Page' AND r.from_id = {document['id']}")
        self.assertEqual(len(pages), document["strong_count"])
        self.assertEqual({row["path"] for row in pages}, {"pages_[]"})
        [finding] = self.rows("SELECT rule, instances FROM findings")
        self.assertEqual(finding, {"rule": "unreachable-cycle", "instances": 1})

    def test_objects_of_glib_and_roots_of_python_have_words_for_what_they_are(self):
        flavours, kinds = set(), set()
        for words in (["gio", "info", "/"], [sys.executable, "-c", "import json"]):
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                [dump] = command.record_program(words, folder)
                for sql, names in (("SELECT DISTINCT flavour FROM objects", flavours),
                                   ("SELECT DISTINCT kind FROM roots", kinds)):
                    answer = self.reftally("query", dump, sql, "--format", "json").stdout
                    names.update(value for row in json.loads(answer) for value in row.values())
        self.assertLessEqual({"block", "gobject", "python"}, flavours)
        self.assertLessEqual({"static", "stack", "register", "cache"}, kinds)
        self.assertNotIn("", flavours | kinds)

    def test_a_key_gives_the_rows_that_a_search_gives(self):
        for table in ("objects", "dominators", "refs", "stacks"):
            key = "from_id" if table == "refs" else "id"
            for value in (0, 1, 5, -1, 10**12):
                direct = self.rows(f"SELECT count(*) AS n FROM {table} WHERE {key} = {value}")
                searched = self.rows(f"SELECT count(*) AS n FROM {table} WHERE {key} + 0 = {value}")
                self.assertEqual(direct, searched, (table, value))
        self.assertEqual(self.rows("SELECT count(*) AS n FROM objects WHERE id = 'x'"), [{"n": 0}])

    def test_the_examples_of_help_have_answers(self):
        told = self.reftally("query", "--help").stdout
        examples = re.findall(r"^    (SELECT .*?)(?=\n  \S|\n\n)", told, re.S | re.M)
        self.assertEqual(len(examples), 5)
        for example in examples:
            self.reftally("query", self.dump, example)

    def test_each_format(self):
        sql = "SELECT 'a,\"b\"' AS text, 7 AS number, NULL AS absent"
        self.assertEqual(self.rows(sql), [{"text": 'a,"b"', "number": 7, "absent": None}])
        told = self.reftally("query", self.dump, sql, "-f", "csv").stdout
        self.assertEqual(list(csv.reader(io.StringIO(told))), [["text", "number", "absent"], ['a,"b"', "7", ""]])
        told = self.reftally("query", self.dump, sql).stdout
        self.assertEqual(told, 'text   number  absent\na,"b"       7\n1 row\n')
        self.assertEqual(self.rows("SELECT 1 WHERE 0"), [])

    def test_without_a_statement_the_tables_are_told(self):
        told = self.reftally("query", self.dump).stdout
        for word in ("objects  counted objects and blocks", "retained_bytes", "finding_objects"):
            self.assertIn(word, told)

    def test_hostile_statements_are_refused_and_the_dump_stays(self):
        before = hashlib.sha256(pathlib.Path(self.dump).read_bytes()).digest()
        for sql, message in [
                ("SELEC 1", 'SQL: near "SELEC": syntax error'), ("", None), ("   ", "there is no statement"),
                ("SELECT * FROM nowhere", "no such table: nowhere"), ("SELECT absent FROM objects", "no such column"),
                ("DROP TABLE objects", "SQL: "), ("DELETE FROM objects", "SQL: "),
                ("UPDATE objects SET size = 0", "SQL: "), ("INSERT INTO objects(id) VALUES (1)", "SQL: "),
                ("CREATE TABLE t(a)", "not authorized"), ("ATTACH 'x.db' AS x", "not authorized"),
                ("PRAGMA journal_mode = WAL", "not authorized"), ("VACUUM INTO 'stolen.db'", "SQL: "),
                ("SELECT load_extension('x')", "not authorized"), ("SELECT 1; DROP TABLE objects", "one statement"),
                ("SELECT zeroblob(2000000000)", "SQL: "), ("SELECT '" + "(" * 5000, "SQL: "),
                ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "SQL: ")]:
            if message is not None:
                self.fails(message, "query", self.dump, sql)
        self.fails("not finished after 1 s", "query", self.dump, "--timeout", "1",
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
        self.assertEqual(hashlib.sha256(pathlib.Path(self.dump).read_bytes()).digest(), before)
        self.assertEqual([path.name for path in self.folder.iterdir()], [pathlib.Path(self.dump).name])


if __name__ == "__main__":
    command.main()
