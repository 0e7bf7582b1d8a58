using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Totem.Transport.Udp.Corosync;

namespace Totem.Hosting;

/// <summary>Turns settings into the options of a node, with every problem named by its key.</summary>
internal sealed class NodeSetup(
    string section, IEnumerable<NodeChange> changes, ILoggerFactory? loggers, IMeterFactory? meters)
    : IValidateOptions<TotemSettings>
{
    public ValidateOptionsResult Validate(string? name, TotemSettings options)
    {
        try
        {
            var problems = Problems(options).ToList();
            return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
        }
        catch (CorosyncConfException failure)
        {
            return ValidateOptionsResult.Fail(failure.Problems);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ValidateOptionsResult.Fail(
                $"{Key(nameof(TotemSettings.ConfigurationFile))}: {failure.Message}");
        }
    }

    /// <summary>The options of the node.</summary>
    /// <exception cref="CorosyncConfException">The configuration file cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public TotemNodeOptions Options(TotemSettings settings)
    {
        var self = settings.NodeId is { } id ? new ProcessorId(id) : (ProcessorId?)null;
        var options = settings.ConfigurationFile is { } file
            ? TotemNodeOptions.FromCorosyncConf(file, self, settings.StateDirectory)
            : TotemNodeOptions.Loopback(settings.Port, self, settings.StateDirectory, settings.Name);
        options = options with
        {
            FlushTimeout = settings.FlushTimeout,
            StoppedReaderTimeout = settings.StoppedReaderTimeout,
            LoggerFactory = loggers,
            MeterFactory = meters,
            // Groups have events of their own.
            Receives = false,
        };
        return changes.Aggregate(options, (before, change) => change.Apply(before));
    }

    /// <summary>How many members the ring has when all are well.</summary>
    public static int ExpectedMembers(TotemSettings settings, TotemNodeOptions options) =>
        settings.ExpectedMembers ?? (settings.ConfigurationFile is null ? 1 : options.GetPeers().Count);

    private IEnumerable<string> Problems(TotemSettings settings)
    {
        if (settings.NodeId is 0)
            yield return $"{Key(nameof(settings.NodeId))} is 0, expected 1 or more";
        if (settings.ConfigurationFile is null && settings.NodeId > UdpTransportOptions.LoopbackSlotCount)
        {
            yield return $"{Key(nameof(settings.NodeId))} is {settings.NodeId}, expected 1 to "
                + $"{UdpTransportOptions.LoopbackSlotCount} on one host";
            yield break;
        }

        if (settings.LivenessTimeout <= TimeSpan.Zero)
            yield return $"{Key(nameof(settings.LivenessTimeout))} is {settings.LivenessTimeout}, expected more than 0";
        if (settings.NodeId is 0)
            yield break;
        var options = Options(settings);
        var most = options.GetPeers().Count;
        if (settings.ExpectedMembers is { } expected && (expected < 1 || expected > most))
        {
            yield return $"{Key(nameof(settings.ExpectedMembers))} is {expected}, expected 1 to the {most} that can be "
                + "on this ring";
        }

        foreach (var problem in options.Validate())
            yield return Key(problem);
    }

    private string Key(string key) => section.Length == 0 ? key : $"{section}:{key}";
}

/// <summary>A change that the application's code makes to the options behind the settings.</summary>
internal sealed record NodeChange(Func<TotemNodeOptions, TotemNodeOptions> Apply);
