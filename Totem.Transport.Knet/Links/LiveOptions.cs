namespace Totem.Transport.Knet.Links;

/// <summary>The options as they are now: a reload may change them.</summary>
internal sealed class LiveOptions(KnetOptions options)
{
    public KnetOptions Now { get; private set; } = options;

    /// <summary>The first option that a reload would change and may not; null when there is none.</summary>
    public string? Obstacle(KnetOptions next)
    {
        if (next.Self != Now.Self)
            return $"{nameof(KnetOptions.Self)} would become {next.Self}, expected {Now.Self}: a member keeps its id";
        return next.Mode == Now.Mode ? null
            : $"{nameof(KnetOptions.Mode)} would become {next.Mode}, expected {Now.Mode}: a running member keeps it";
    }

    public void Use(KnetOptions next) => Now = next;
}
