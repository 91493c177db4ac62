//! The documentation of the API (`docs/spec/node-api.md` §12): an OpenAPI document made of the table of
//! routes, and a page that shows it without help from elsewhere.

use floe_api::{MEDIA_BCS, Method, Route};
use serde_json::{Map, Value, json};

/// The routes that this node serves.
const SERVED: [Route; 14] = [
    Route::GetMetadata,
    Route::PutMetadata,
    Route::MetadataStatus,
    Route::GetSliver,
    Route::PutSliver,
    Route::SliverStatus,
    Route::ConfirmPermanent,
    Route::ConfirmDeletable,
    Route::BlobStatus,
    Route::RecoverySymbols,
    Route::DecodingSymbols,
    Route::InconsistencyProof,
    Route::Health,
    Route::ApiDocs,
];

/// The names in braces of a path.
fn parameters(template: &str) -> impl Iterator<Item = &str> {
    let parts = template.split('{').skip(1);
    parts.filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

fn operation(route: Route) -> Value {
    let parameters: Vec<Value> = parameters(route.template())
        .map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        })
        .collect();
    let mut operation = json!({
        "operationId": route.name(),
        "summary": route.summary(),
        "parameters": parameters,
        "responses": {
            "200": {
                "description": "The answer",
                "content": {(route.answer_type()): {}},
            },
            "default": {
                "description": "An error, in the form of google.rpc.Status",
                "content": {"application/json": {}},
            },
        },
    });
    if route.method() != Method::Get {
        let body = json!({"required": true, "content": {(MEDIA_BCS): {}}});
        if let Value::Object(operation) = &mut operation {
            operation.insert("requestBody".into(), body);
        }
    }
    operation
}

/// The API as an OpenAPI document.
fn document() -> Value {
    let mut paths = Map::new();
    for route in SERVED {
        let path = paths.entry(route.template()).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            let method = route.method().name().to_ascii_lowercase();
            path.insert(method, operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Walrus storage node",
            "description": "Blob ids are URL-safe base64 without padding; sliver types are `primary` \
                            and `secondary`; bodies are BCS unless they are JSON.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "paths": paths,
    })
}

/// A page that shows the API, and holds its document in an element `openapi`.
pub(super) fn page() -> String {
    let mut rows = String::new();
    for route in SERVED {
        let (method, path) = (route.method().name(), route.template());
        let (summary, kind) = (route.summary(), route.answer_type());
        rows += &format!(
            "<tr><td>{method}</td><td><code>{path}</code></td><td>{summary}</td><td>{kind}</td></tr>\n"
        );
    }
    // No text of the document can end the element: all of it is in this program.
    let document = document();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>Walrus storage node API</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;margin:2rem}}\
         td,th{{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}}</style>\n\
         <h1>Walrus storage node API</h1>\n\
         <table>\n<tr><th>Method</th><th>Path</th><th></th><th>Answer</th></tr>\n{rows}</table>\n\
         <script type=\"application/json\" id=\"openapi\">{document}</script>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_a_document_of_all_routes_that_are_served() {
        let page = page();
        let (_, rest) = page.split_once("id=\"openapi\">").unwrap();
        let (document, _) = rest.split_once("</script>").unwrap();
        let document: Value = serde_json::from_str(document).unwrap();
        for route in SERVED {
            let method = route.method().name().to_ascii_lowercase();
            let operation = &document["paths"][route.template()][method];
            assert_eq!(operation["summary"], route.summary());
        }
        let sliver = &document["paths"][Route::GetSliver.template()]["put"];
        assert_eq!(sliver["parameters"][1]["name"], "sliver_pair_index");
        assert!(sliver["requestBody"]["content"][MEDIA_BCS].is_object());
    }
}
