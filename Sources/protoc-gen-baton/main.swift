import BatonMessages

let request = try CodeGeneratorRequest(decoding: StandardStreams.readAll())
var response = CodeGeneratorResponse(supportedFeatures: 1)
do throws(Refusal) {
  response.file = try Generator(request).generate()
} catch {
  response.error = error.description
}
try StandardStreams.write(response.encoded().bytes)
