using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Totem.Hosting.Health;

/// <summary>Ready: a member of a ring of the expected size. Degraded with a majority of it, or while a membership is
/// formed; unhealthy with less, before the start and after the end.</summary>
internal sealed class ReadyCheck(TotemRing ring) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Check());

    private HealthCheckResult Check()
    {
        if (ring.StartedNode is not { } node)
            return HealthCheckResult.Unhealthy("the node has not started");
        if (node.Completion.IsCompleted)
        {
            return HealthCheckResult.Unhealthy(
                "the node has stopped", node.Completion.Exception?.GetBaseException());
        }

        if (node.Synchronized is not { } configuration)
            return HealthCheckResult.Degraded("the first membership is being formed");
        var (count, expected) = (configuration.Members.Count, ring.ExpectedMembers);
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["ring"] = configuration.Ring.ToString(),
            ["members"] = count,
            ["expected"] = expected,
        };
        var text = $"{count} of {expected} members are on the ring";
        if (count <= expected / 2)
            return HealthCheckResult.Unhealthy($"{text}, no majority", data: data);
        if (!node.IsSynchronized)
            return HealthCheckResult.Degraded($"{text}, and the next membership is being formed", data: data);
        return count < expected ? HealthCheckResult.Degraded(text, data: data) : HealthCheckResult.Healthy(text, data);
    }
}
