using System.Text.Json;
using System.Text.Json.Serialization;
using Totem.Bench.Micro;
using Totem.Bench.Readers;
using Totem.Bench.Results;
using Totem.CommandLine;

namespace Totem.Bench.Report;

/// <summary>Everything that was measured: what <c>all</c> keeps in its file, and what a report is
/// written from.</summary>
/// <param name="Parts">Finished parts of the plan, or reports of <c>ring</c>, <c>limits</c> and <c>queue</c>.</param>
/// <param name="Micro">Single operations.</param>
/// <param name="Readers">Slow and stopped readers; null in files from before there were any.</param>
internal sealed record Measurements(
    IReadOnlyList<MeasuredPart> Parts, IReadOnlyList<MicroReport> Micro, IReadOnlyList<ReaderReport>? Readers = null)
{
    /// <summary>None.</summary>
    public static Measurements None { get; } = new([], []);

    /// <summary>All reports.</summary>
    [JsonIgnore]
    public IEnumerable<BenchReport> Reports => Parts.SelectMany(x => x.Reports);

    /// <summary>The report of a case; of several that fit, the one with the most runs of all
    /// engines. Null when there is none.</summary>
    public BenchReport? Find(RingCase wanted) =>
        Reports.Where(wanted.Fits).MaxBy(x => x.Engines.Sum(engine => engine.Runs.Count));

    /// <summary>Reads files that <c>all</c> and the <c>--json</c> of the other commands have written.</summary>
    public static Measurements Read(IEnumerable<string> files)
    {
        var all = None;
        foreach (var file in files)
            all = all.With(ReadFile(file));
        return all;
    }

    /// <summary>These and others.</summary>
    public Measurements With(Measurements more) => new(
        [.. Parts, .. more.Parts], [.. Micro, .. more.Micro],
        Readers is null ? more.Readers : [.. Readers, .. more.Readers ?? []]);

    /// <summary>Writes them whole, or not at all.</summary>
    public void Save(string file)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            Directory.CreateDirectory(folder);
        var next = file + ".next";
        File.WriteAllText(next, JsonSerializer.Serialize(this, MeasurementsJson.Default.Measurements) + "\n");
        File.Move(next, file, overwrite: true);
    }

    private static Measurements ReadFile(string file)
    {
        var text = File.ReadAllText(file);
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.TryGetProperty("parts", out _))
                return JsonSerializer.Deserialize(text, MeasurementsJson.Default.Measurements)!;
            if (document.RootElement.TryGetProperty("engines", out _))
                return new([new MeasuredPart(Path.GetFileNameWithoutExtension(file),
                    [JsonSerializer.Deserialize(text, MeasurementsJson.Default.BenchReport)!])], []);
            if (document.RootElement.TryGetProperty("readers", out _))
                return new([], [], [JsonSerializer.Deserialize(text, MeasurementsJson.Default.ReaderReport)!]);
            return document.RootElement.TryGetProperty("micro", out _)
                ? new([], [JsonSerializer.Deserialize(text, MeasurementsJson.Default.MicroReport)!])
                : throw new JsonException("none of its properties is known");
        }
        catch (JsonException problem)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{file} is no result of this program: {problem.Message}");
        }
    }
}

/// <summary>A part of the plan that is finished.</summary>
/// <param name="Key">Its name in the plan.</param>
/// <param name="Reports">The results; several when cases alternated.</param>
internal sealed record MeasuredPart(string Key, IReadOnlyList<BenchReport> Reports);

/// <summary>Code for reading and writing them without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(Measurements))]
[JsonSerializable(typeof(BenchReport))]
[JsonSerializable(typeof(MicroReport))]
[JsonSerializable(typeof(ReaderReport))]
internal sealed partial class MeasurementsJson : JsonSerializerContext;
