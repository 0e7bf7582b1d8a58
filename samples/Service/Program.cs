// A web service of several instances with one state, its health and its metrics. Start it twice:
//   dotnet run --project samples/Service -- --urls http://127.0.0.1:8001 --Totem:ExpectedMembers 2
//   dotnet run --project samples/Service -- --urls http://127.0.0.1:8002 --Totem:ExpectedMembers 2
// Count at one and read at the other:
//   curl -X POST http://127.0.0.1:8001/counts/apples
//   curl http://127.0.0.1:8002/counts/apples
// And look: /health/ready, /health/live, /metrics.
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using Totem.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddTotem(builder.Configuration.GetSection("Totem")).AddGroup<Counts>("counts");
builder.Services.AddHealthChecks().AddTotem();
builder.Services.AddOpenTelemetry().WithMetrics(x => x.AddTotemInstrumentation().AddPrometheusExporter());

var app = builder.Build();
app.MapPost("/counts/{name}", (string name, Counts counts, CancellationToken stop) => counts.AddAsync(name, stop));
app.MapGet("/counts/{name}", (string name, Counts counts) => counts.Of(name));
app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = x => x.Tags.Contains("ready") });
app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = x => x.Tags.Contains("live") });
app.MapPrometheusScrapingEndpoint();
await app.RunAsync();
