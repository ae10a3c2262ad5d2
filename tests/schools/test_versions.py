"""What a bug report says about the machine."""

import twinmatch as tm


def test_versions_name_what_a_result_depends_on():
    versions = tm.show_versions()
    assert versions["twinmatch"] == tm.__version__
    assert versions["instruction set"] in ("avx512", "avx2", "portable")
    assert int(versions["processors"]) >= 1
    assert len(str(versions).splitlines()) == len(versions) == len(list(versions))
    assert repr(versions) == str(versions)
