namespace Totem.Bench.Report;

/// <summary>The report as files: a document, and its charts in a folder beside it.</summary>
internal static class ReportFiles
{
    /// <summary>Writes them.</summary>
    public static void Write(Measurements measured, string document)
    {
        var whole = Path.GetFullPath(document);
        var name = Path.GetFileNameWithoutExtension(whole);
        var folder = Path.Combine(Path.GetDirectoryName(whole)!, name);
        var charts = Charts.All(measured);
        Directory.CreateDirectory(folder);
        foreach (var (chartName, chart) in charts)
            File.WriteAllText(Path.Combine(folder, $"{chartName}.svg"), SvgWriter.Write(chart));
        File.WriteAllText(whole, new MarkdownReport(measured, name).Write(charts));
    }
}
