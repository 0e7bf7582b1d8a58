using System.Diagnostics;

namespace Totem.Hosting;

/// <summary>
/// Traces from the submission of a message to the place where this member has handled it. Off unless somebody listens
/// to the source <see cref="SourceName"/>. The names follow OpenTelemetry's conventions for messaging.
/// </summary>
public static class TotemActivity
{
    /// <summary>The name of the source.</summary>
    public const string SourceName = "Totem";

    private static readonly ActivitySource Source = new(SourceName);

    internal static Activity? Start(GroupName group, int bytes, Guarantee guarantee)
    {
        var activity = Source.StartActivity($"replicate {group}", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "totem")
            .SetTag("messaging.operation.name", "replicate")
            .SetTag("messaging.destination.name", group.ToString())
            .SetTag("messaging.message.body.size", bytes)
            .SetTag("totem.guarantee", guarantee == Guarantee.Safe ? "safe" : "agreed");
        return activity;
    }
}
