"""Write what is generated: docs/modules, docs/codedeploy-features.md, awx/templates.yml."""

from scripts import awx, feature_table, module_docs

if __name__ == "__main__":
    module_docs.write()
    feature_table.write()
    awx.write()
