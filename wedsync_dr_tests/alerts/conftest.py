from wedsync_dr_tests.fixtures import archive, source, tmp_path

__all__ = ["archive", "source", "tmp_path"]
